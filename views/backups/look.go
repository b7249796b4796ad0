package backups

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// Look is what a page saw of a run. The next look carries it along, so that how fast the run
// is now can be told, and only new lines of the log travel, without keeping anything on the
// server.
type Look struct {
	Phase models.Phase
	// Read is how much was read from the database, Sent what each drive had taken, in the
	// order of the copies.
	Read int64
	Sent []int64
	// Log is how many bytes of the log the page has.
	Log int
	At  time.Time
}

// ParseLook reads a look from an address; what cannot be read is no look.
func ParseLook(q url.Values) Look {
	read, readErr := strconv.ParseInt(q.Get("read"), 10, 64)
	at, atErr := strconv.ParseInt(q.Get("at"), 10, 64)
	log, logErr := strconv.Atoi(q.Get("log"))
	if readErr != nil || atErr != nil || logErr != nil || log < 0 {
		return Look{}
	}
	l := Look{Phase: models.Phase(q.Get("phase")), Read: read, Log: log, At: time.UnixMilli(at)}
	for part := range strings.SplitSeq(q.Get("sent"), "-") {
		sent, _ := strconv.ParseInt(part, 10, 64)
		l.Sent = append(l.Sent, sent)
	}
	return l
}

// lookAt is what a page sees of a backup now.
func lookAt(b models.Backup, log int, now time.Time) Look {
	l := Look{Phase: b.Phase, Read: b.RawSize, Log: log, At: now}
	for _, f := range b.DriveFiles {
		l.Sent = append(l.Sent, f.Size)
	}
	return l
}

// query writes a look down for an address.
func (l Look) query() string {
	sent := make([]string, len(l.Sent))
	for i, n := range l.Sent {
		sent[i] = strconv.FormatInt(n, 10)
	}
	return url.Values{"phase": {string(l.Phase)}, "read": {strconv.FormatInt(l.Read, 10)}, "sent": {strings.Join(sent, "-")},
		"log": {strconv.Itoa(l.Log)}, "at": {strconv.FormatInt(l.At.UnixMilli(), 10)}}.Encode()
}

// readRate says how many bytes a second are read, since an earlier look; empty when that
// cannot be told.
func (l Look) readRate(earlier Look) string { return rate(l.Read-earlier.Read, l.At, earlier.At) }

// sentRate is that of the copy at a place.
func (l Look) sentRate(earlier Look, i int) string {
	if i >= len(earlier.Sent) {
		return ""
	}
	return rate(l.Sent[i]-earlier.Sent[i], l.At, earlier.At)
}

// stands reports whether the copy at a place has not grown since an earlier look.
func (l Look) stands(earlier Look, i int) bool {
	return !earlier.At.IsZero() && i < len(earlier.Sent) && l.Sent[i] <= earlier.Sent[i]
}

func rate(grown int64, now, before time.Time) string {
	passed := now.Sub(before)
	if before.IsZero() || grown <= 0 || passed < time.Second/2 {
		return ""
	}
	return human.Bytes(int64(float64(grown)/passed.Seconds())) + "/s"
}
