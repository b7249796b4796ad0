package retention

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/backupman/backupman/models"
)

// zones are those of histories: with and without daylight saving, with odd offsets, with
// a half hour of it, and one that once left out a day.
var zones = []string{"", "UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana", "Pacific/Apia"}

// moments are where histories end, some of them beside a change of the clocks, a turn of
// the year, or a leap day.
var moments = []string{"2026-11-25T12:00:00Z", "2026-03-29T01:30:00Z", "2026-10-25T01:30:00Z", "2026-11-01T05:59:59Z", "2027-01-01T00:00:00Z",
	"2020-12-31T23:30:00Z", "2024-02-29T23:59:59Z", "2026-04-05T15:00:00Z", "2011-12-31T10:00:01Z"}

// steps are how far apart the backups of a history are, at the most.
var steps = []time.Duration{0, time.Second, 20 * time.Minute, 3 * time.Hour, 25 * time.Hour, 8 * 24 * time.Hour, 40 * 24 * time.Hour, 500 * 24 * time.Hour}

// dice makes random choices.
type dice struct{ *rand.Rand }

// oneIn is true once in so many times.
func (d dice) oneIn(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

func (d dice) upTo(most time.Duration) time.Duration {
	return time.Duration(d.Int64N(int64(most) + 1)).Truncate(time.Microsecond)
}

// around is a moment within a span before or after another.
func (d dice) around(t time.Time, span time.Duration) *time.Time {
	at := t.Add(d.upTo(2*span) - span)
	return &at
}

// history is the past of a job, and how its rules are asked about it.
func history(d dice) (models.RetentionSnapshot, PlanOptions) {
	now, err := time.Parse(time.RFC3339, pick(d, moments))
	if err != nil {
		panic(err)
	}
	now = now.Add(d.upTo(3 * time.Hour))
	s := models.RetentionSnapshot{Drives: map[string]string{}, Gone: map[string]bool{}, Reading: map[string]string{}}
	drives := 1 + d.IntN(3)
	for i := range drives {
		s.Drives[fmt.Sprint("d", i)] = fmt.Sprint("drive", i)
		s.Gone[fmt.Sprint("d", i)] = d.oneIn(15)
	}
	s.Job = d.job(now, drives)
	at := now.Add(d.upTo(2*time.Hour) - time.Hour)
	step := pick(d, steps)
	for i := range d.IntN(14) {
		if i > 0 && !d.oneIn(5) {
			at = at.Add(-d.upTo(step))
		}
		b := d.backup(i, at, now, drives)
		if d.oneIn(20) {
			s.Reading[b.ID] = "a restore reads it now"
		}
		s.Backups = append(s.Backups, b)
	}
	d.Shuffle(len(s.Backups), func(i, j int) { s.Backups[i], s.Backups[j] = s.Backups[j], s.Backups[i] })
	if d.oneIn(12) {
		s.Alarms = 1 + d.Int64N(3)
	}
	o := PlanOptions{Now: now, ByHand: d.oneIn(3)}
	if d.oneIn(8) {
		other := d.rules()
		o.Rules = &other
	}
	return s, o
}

func (d dice) job(now time.Time, drives int) models.Job {
	j := models.Job{ID: "j", Label: "nightly", Timezone: pick(d, zones), Retention: d.rules()}
	for i := range drives {
		if d.oneIn(3) {
			if j.DriveRetention == nil {
				j.DriveRetention = map[string]models.Retention{}
			}
			j.DriveRetention[fmt.Sprint("d", i)] = d.rules()
		}
	}
	for _, at := range []**time.Time{&j.PausedAt, &j.RemovedAt} {
		if d.oneIn(15) {
			*at = d.around(now, time.Hour)
		}
	}
	if d.oneIn(6) {
		j.RetentionAt = d.around(now, 2*time.Hour)
	}
	return j
}

// rules are a few, or none.
func (d dice) rules() models.Retention {
	var r models.Retention
	for _, n := range []*int{&r.Last, &r.Hourly, &r.Daily, &r.Weekly, &r.Monthly, &r.Yearly} {
		if d.oneIn(4) {
			*n = d.IntN(5)
		}
	}
	if d.oneIn(5) {
		r.Within = 1 + d.upTo(2*pick(d, steps))
	}
	if d.oneIn(4) {
		r.MaxSize = d.Int64N(400)
	}
	return r
}

func (d dice) backup(i int, at, now time.Time, drives int) models.Backup {
	b := models.Backup{ID: fmt.Sprintf("b%02d-%d", d.IntN(100), i), JobID: "j", CreatedAt: at, Status: models.StatusFinished}
	if d.oneIn(4) {
		b.Status = models.StatusFailed
	}
	if d.oneIn(20) {
		b.Status = models.StatusPending
	}
	if b.Status == models.StatusFinished || d.oneIn(2) {
		b.DumpedAt = &at
	}
	if d.oneIn(4) {
		b.ProvenAt = &at
	} else if d.oneIn(6) {
		b.DisprovenAt = &at
	}
	if d.oneIn(10) {
		b.PinnedAt = &at
		if d.oneIn(2) {
			b.PinnedUntil = d.around(now, time.Hour)
		}
	}
	for n := range drives {
		for range 1 + d.IntN(20)/19 {
			if !d.oneIn(6) {
				b.DriveFiles = append(b.DriveFiles, d.copy(b, n, len(b.DriveFiles), now))
			}
		}
	}
	return b
}

func (d dice) copy(b models.Backup, drive, n int, now time.Time) models.DriveFile {
	f := models.DriveFile{ID: fmt.Sprintf("%s-%d", b.ID, n), BackupID: b.ID, DriveID: fmt.Sprint("d", drive), Status: b.Status, Size: d.Int64N(100)}
	if b.Status != models.StatusFinished && d.oneIn(2) {
		f.Status = models.StatusFinished
	}
	if b.Status != models.StatusPending && d.oneIn(40) {
		f.Status = models.StatusPending
	}
	if f.Status == models.StatusFailed && d.oneIn(3) {
		f.HealAt = d.around(now, time.Hour)
	}
	if d.oneIn(12) {
		f.LockedUntil = d.around(now, time.Hour)
	}
	return f
}
