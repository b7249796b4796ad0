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
	seen := func(since time.Time) bool { return value(s.ServerSeenSince(t.Context(), since))(t) }
	must(t, s.Beat(t.Context(), models.Runner{ID: "cli", Host: "h", PID: 1, StartedAt: began, SeenAt: began}))
	equal(t, "a server before there is one", seen(began.Add(-time.Hour)), false)
	must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Host: "h", PID: 2, Serves: true, StartedAt: began, SeenAt: began}))
	equal(t, "a server", seen(began.Add(-time.Second)), true)
	equal(t, "a server since later", seen(began.Add(time.Second)), false)
	must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Host: "h", PID: 2, Serves: true, StartedAt: began, SeenAt: began.Add(time.Minute)}))
	equal(t, "a server after its second beat", seen(began.Add(time.Second)), true)
	must(t, s.RemoveRunner(t.Context(), "srv"))
	must(t, s.RemoveRunner(t.Context(), "srv"))
	equal(t, "a server that has ended", seen(began.Add(-time.Hour)), false)
}
