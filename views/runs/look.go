package runs

import (
	"net/url"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// Look is what a page saw of a run. The next look carries it along, so that how fast
// the run is can be told without keeping anything on the server.
type Look struct {
	Phase models.RestorePhase
	Done  int64
	At    time.Time
}

// ParseLook reads a look from an address; what cannot be read is no look.
func ParseLook(q url.Values) Look {
	done, doneErr := strconv.ParseInt(q.Get("done"), 10, 64)
	at, atErr := strconv.ParseInt(q.Get("at"), 10, 64)
	if doneErr != nil || atErr != nil {
		return Look{}
	}
	return Look{Phase: models.RestorePhase(q.Get("phase")), Done: done, At: time.UnixMilli(at)}
}

// query writes a look down for an address.
func (l Look) query() string {
	return url.Values{"phase": {string(l.Phase)}, "done": {strconv.FormatInt(l.Done, 10)}, "at": {strconv.FormatInt(l.At.UnixMilli(), 10)}}.Encode()
}

// rate says how many bytes a second passed since an earlier look; empty when that
// cannot be told.
func (l Look) rate(earlier Look) string {
	passed := l.At.Sub(earlier.At)
	if earlier.At.IsZero() || earlier.Phase != l.Phase || l.Done <= earlier.Done || passed < time.Second/2 {
		return ""
	}
	return human.Bytes(int64(float64(l.Done-earlier.Done)/passed.Seconds())) + "/s"
}
