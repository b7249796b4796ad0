package web

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/backupman/backupman/models"
)

// Whoever saves what another has changed meanwhile is told, keeps what was typed, and may
// save once more.
func TestASaveOnAnOldVersionIsAsked(t *testing.T) {
	s, p, id := setUpSource(t)
	first, second := s.walk(t, "/sources/"+id+"/edit"), s.walk(t, "/sources/"+id+"/edit")
	first.fill("db_name", "till2").press("save").says("The source is saved.")
	second.fill("user", "other").press("save").says("It was changed by bob since you opened it")
	if second.status != http.StatusConflict || len(p.saved) != 1 {
		t.Errorf("status %d, saved %d times", second.status, len(p.saved))
	}
	if got := attribute(second.page.one(t, "input", "name", "user"), "value"); got != "other" {
		t.Errorf("what was typed is now %q", got)
	}
	second.press("save").says("The source is saved.")
	if len(p.saved) != 2 || p.saved[1].Fields["user"] != "other" {
		t.Errorf("saved is %v", p.saved)
	}
}

func TestTheAPIRefusesAnOldVersion(t *testing.T) {
	s, p, id := setUpSource(t)
	path := "/api/sources/" + id + "/config"
	read := s.get(t, path)
	var got struct{ Version string }
	must(t, json.Unmarshal(read.Body.Bytes(), &got))
	if tag := read.Header().Get("ETag"); got.Version == "" || tag != `"`+got.Version+`"` {
		t.Fatalf("the version is %q, the tag %s", got.Version, tag)
	}
	fields := `"Fields": {"provider": "mysql", "db_name": "x", "user": "u", "host": "db.example"}`
	put := func(header, body string) int {
		t.Helper()
		if header == "" {
			return s.ask(t, http.MethodPut, path, body).Code
		}
		return s.ask(t, http.MethodPut, path, body, "If-Match", header).Code
	}
	for name, c := range map[string]struct {
		header, body string
		want         int
	}{
		"an old version": {"", `{"Version": "old", ` + fields + `}`, http.StatusConflict},
		"an old tag":     {`"old"`, `{` + fields + `}`, http.StatusConflict},
		"any tag":        {"*", `{` + fields + `}`, http.StatusOK},
		"nothing":        {"", `{` + fields + `}`, http.StatusOK},
	} {
		if got := put(c.header, c.body); got != c.want {
			t.Errorf("with %s the answer is %d", name, got)
		}
	}
	if got := put(`"`+p.drafts[models.PlanSource]["till"].Version+`"`, `{`+fields+`}`); got != http.StatusOK {
		t.Errorf("with the present tag the answer is %d", got)
	}
}
