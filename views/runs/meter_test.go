package runs

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestMeter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	before := Look{Phase: models.RestoreFetching, Done: 10_000_000, At: now.Add(-2 * time.Second)}
	for name, c := range map[string]struct {
		facts       Facts
		earlier     Look
		moves       bool
		percent     int
		bytes, rate string
	}{
		"waiting":                  {Facts{Phase: models.RestoreQueued}, Look{}, false, 0, "", ""},
		"first look":               {Facts{Phase: models.RestoreFetching, Done: 50, Total: 100}, Look{}, true, 50, "50 B of 100 B", ""},
		"second look":              {Facts{Phase: models.RestoreFetching, Done: 30_000_000, Total: 40_000_000}, before, true, 75, "30 MB of 40 MB", "10 MB/s"},
		"another phase":            {Facts{Phase: models.RestoreRestoring, Done: 30_000_000, Total: 40_000_000}, before, true, 75, "30 MB of 40 MB", ""},
		"nothing to go by":         {Facts{Phase: models.RestoreRestoring, Done: 30_000_000}, Look{}, true, -1, "30 MB", ""},
		"more than was told":       {Facts{Phase: models.RestoreRestoring, Done: 300, Total: 100}, Look{}, true, 99, "100 B of 100 B", ""},
		"no progress":              {Facts{Phase: models.RestoreFetching, Done: 10_000_000, Total: 40_000_000}, before, true, 25, "10 MB of 40 MB", ""},
		"comparing, without bytes": {Facts{Phase: models.RestoreComparing}, Look{}, true, -1, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.facts.CreatedAt, c.facts.Path = now.Add(-time.Minute), "/x"
			m := NewMeter(c.facts, c.earlier, now)
			if m.Moves != c.moves || m.Progress.Percent != c.percent || m.Bytes != c.bytes || m.Rate != c.rate || m.Doing == "" || m.Elapsed != "1 min 00 s" {
				t.Errorf("got %+v", m)
			}
			at, err := url.Parse(m.NextPath)
			if err != nil || at.Path != "/x" {
				t.Fatalf("next is %q: %v", m.NextPath, err)
			}
			if look := ParseLook(at.Query()); look.Done != c.facts.Done || look.Phase != c.facts.Phase || !look.At.Equal(now) {
				t.Errorf("the next look reads %+v", look)
			}
		})
	}
	if m := NewMeter(Facts{Phase: models.RestoreFetching, CancelAsked: true, CreatedAt: now}, Look{}, now); !strings.HasPrefix(m.Doing, "Stopping") {
		t.Errorf("asked to stop it says %q", m.Doing)
	}
}

func TestALookThatIsNone(t *testing.T) {
	for _, q := range []string{"", "done=x&at=1", "done=1", "done=1&at=%27"} {
		values, _ := url.ParseQuery(q)
		if got := ParseLook(values); got != (Look{}) {
			t.Errorf("%q is read as %+v", q, got)
		}
	}
}
