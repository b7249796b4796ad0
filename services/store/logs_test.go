package store

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func testLogs(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.inserted(t, s, slot(1))
	equal(t, "the log before the first line", value(s.LogText(t.Context(), b.ID))(t), "")
	must(t, s.SaveLog(t.Context(), b.ID, "one"))
	must(t, s.SaveLog(t.Context(), b.ID, "one\ntwo ' \\ 🐘"))
	equal(t, "the log", value(s.LogText(t.Context(), b.ID))(t), "one\ntwo ' \\ 🐘")
}

// testAnyText writes what tools really print: bytes that are no text, and more
// than a sentence.
func testAnyText(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.claimed(t, s, slot(1), "r1")
	must(t, s.SaveLog(t.Context(), b.ID, "caf\xe9 \xff end"))
	equal(t, "the log", value(s.LogText(t.Context(), b.ID))(t), "caf\uFFFD \uFFFD end")
	long := strings.Repeat("x", 100_000) + "\xff"
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFailed, Error: long, At: models.Now()}))
	equal(t, "the length of the error", len(value(s.Backup(t.Context(), b.ID))(t).Error), 100_003)
}

func testRunners(t *testing.T, s *Store) {
	began := models.Now()
	seen := func(within time.Duration) bool { return value(s.ServerSeenWithin(t.Context(), within))(t) }
	must(t, s.Beat(t.Context(), models.Runner{ID: "cli", Host: "h", PID: 1, StartedAt: began}))
	equal(t, "a server before there is one", seen(time.Hour), false)
	must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Host: "h", PID: 2, Node: "n", Serves: true, StartedAt: began}))
	equal(t, "a server", seen(time.Hour), true)
	equal(t, "a server of its node", value(s.NodeSeenWithin(t.Context(), "n", time.Hour))(t), true)
	equal(t, "a server of another node", value(s.NodeSeenWithin(t.Context(), "m", time.Hour))(t), false)
	ago(t, s, "UPDATE runners SET seen_at = ?", time.Minute)
	equal(t, "a server that was seen a minute ago", seen(50*time.Second), false)
	must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Host: "h2", PID: 2, Serves: true, StartedAt: began.Add(time.Hour)}))
	equal(t, "a server after its second beat", seen(50*time.Second), true)
	var row models.Runner
	must(t, s.db.Take(&row, "id = ?", "srv").Error)
	sameTime(t, "when it started", &row.StartedAt, began)
	equal(t, "its machine", row.Host, "h2")
	must(t, s.RemoveRunner(t.Context(), "srv"))
	must(t, s.RemoveRunner(t.Context(), "srv"))
	equal(t, "a server that has ended", seen(time.Hour), false)
	must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Serves: true}))
	ago(t, s, "UPDATE runners SET seen_at = ?", time.Minute)
	must(t, s.ForgetRunners(t.Context(), 2*time.Minute))
	equal(t, "a server that is remembered", seen(time.Hour), true)
	must(t, s.ForgetRunners(t.Context(), 30*time.Second))
	equal(t, "a server that is long gone", seen(time.Hour), false)
}

func testLogFrom(t *testing.T, s *Store) {
	id := models.NewID()
	text, length, err := s.LogFrom(t.Context(), id, 7)
	must(t, err)
	equal(t, "the length of no log", len(text)+length, 0)
	must(t, s.SaveLog(t.Context(), id, "ein Wörterbuch 🐘\nzwei\n"))
	for offset, want := range map[int]string{0: "ein Wörterbuch 🐘\nzwei\n", 21: "zwei\n", 26: "", 27: "ein Wörterbuch 🐘\nzwei\n"} {
		text, length, err := s.LogFrom(t.Context(), id, offset)
		must(t, err)
		equal(t, "what is behind", text, want)
		equal(t, "the length", length, 26)
	}
}
