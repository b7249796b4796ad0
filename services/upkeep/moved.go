package upkeep

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

const (
	// movedBatch is how many copies are looked for before the next ones are chosen.
	movedBatch = 1000
	// movedHold is how long a process that looks for copies is left alone. It says
	// more often than that that it is still at it.
	movedHold = 10 * time.Minute
)

// MovedDue looks for the copies of drives whose place has changed, on a page or in the
// configuration file, since they were recorded: those that are not at the new place are lost,
// and what is there is read back. A change within the minute after which this is first
// asked of a drive is not noticed. Of several replicas one looks.
func (s *Service) MovedDue(ctx context.Context) error {
	return s.each(ctx, "look for the copies on", func(d models.Drive, _ models.DriveCheck) error { return s.moved(ctx, d) })
}

// where is what is known of the place of a drive's copies. It is kept in a fact, as
// words: the digest, and while copies are looked for the two moments in microseconds.
type where struct {
	place string
	// since is when the place changed; zero when nothing is looked for.
	since time.Time
	// held is when somebody was last known to look.
	held time.Time
}

func (w where) String() string {
	if w.since.IsZero() {
		return w.place
	}
	return fmt.Sprintf("%s %d %d", w.place, w.since.UnixMicro(), w.held.UnixMicro())
}

func parseWhere(text string) where {
	words := strings.Fields(text)
	if len(words) != 3 {
		return where{place: text}
	}
	return where{place: words[0], since: micro(words[1]), held: micro(words[2])}
}

func micro(word string) time.Time {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return time.Unix(1, 0).UTC() // long ago: whatever it was, it is over
	}
	return time.UnixMicro(n).UTC()
}

// whereFact names the fact of a drive.
func whereFact(driveID string) string { return "place " + driveID }

// moved notices that the place of a drive is another, and looks for its copies until all
// of them are known to be there, or lost.
func (s *Service) moved(ctx context.Context, d models.Drive) error {
	fact, place := whereFact(d.ID), placeOf(d)
	known, err := s.store.SharedFact(ctx, fact, where{place: place}.String())
	if err != nil || place == "" {
		return err
	}
	at, now := parseWhere(known), s.now()
	switch {
	case at.place != place:
		s.log.Warn("the place of a drive has changed: its copies are looked for in the new one", "drive_id", d.ID, "drive", d.Label)
		at = where{place: place, since: now}
	case at.since.IsZero() || now.Sub(at.held) < movedHold && !now.Before(at.held):
		return nil
	}
	look := &look{s: s, d: d, fact: fact, known: known, at: at}
	if mine, err := look.hold(ctx); err != nil || !mine {
		return err
	}
	return look.all(ctx)
}

// look is one process looking for the copies of a drive.
type look struct {
	s     *Service
	d     models.Drive
	fact  string
	known string
	at    where
	seen  map[string]bool
}

// hold says that this process looks; false when another one does, or the place changed
// once more.
func (l *look) hold(ctx context.Context) (bool, error) {
	l.at.held = l.s.now()
	return l.become(ctx, l.at)
}

func (l *look) become(ctx context.Context, w where) (bool, error) {
	fresh := w.String()
	if fresh == l.known {
		return true, nil
	}
	if err := l.s.store.ReplaceFact(ctx, l.fact, l.known, fresh); err != nil {
		return false, err
	}
	now, err := l.s.store.SharedFact(ctx, l.fact, fresh)
	l.known = fresh
	return now == fresh, err
}

// all looks for every copy that was not read back since the place changed. What the
// drive does not answer for stays, and is looked for later.
func (l *look) all(ctx context.Context) error {
	l.seen = map[string]bool{}
	for {
		copies, err := l.s.store.SampleCopies(ctx, l.d.ID, l.at.since, movedBatch)
		if err != nil {
			return err
		}
		if len(copies) == 0 {
			_, err := l.become(ctx, where{place: l.at.place})
			return err
		}
		if more, err := l.batch(ctx, copies); err != nil || !more {
			return err
		}
	}
}

// batch looks for copies, and then reads those that are there; false when there was
// nothing new among them, or it is no longer this process's to look.
func (l *look) batch(ctx context.Context, copies []models.DriveFile) (bool, error) {
	opened, _, err := l.s.catalog.OpenDrive(ctx, l.d.ID)
	if err != nil {
		return false, err
	}
	if err := l.s.try(ctx, opened, &models.DriveCheck{}); err != nil {
		l.s.log.Warn("the copies of a drive can't be looked for yet", "drive_id", l.d.ID, "drive", l.d.Label, "error", err)
		return false, nil
	}
	var there []models.DriveFile
	fresh := false
	for _, c := range copies {
		if l.seen[c.ID] {
			continue
		}
		l.seen[c.ID], fresh = true, true
		if _, err := opened.Stat(ctx, c.Key); !errors.Is(err, models.ErrNotFound) {
			there = append(there, c)
			continue
		}
		if mine, err := l.read(ctx, c); err != nil || !mine {
			return false, err
		}
	}
	for _, c := range there {
		if mine, err := l.read(ctx, c); err != nil || !mine {
			return false, err
		}
	}
	return fresh, nil
}

// read reads a copy back, one of a drive beside those of others; false when it is no longer this
// process's to look.
func (l *look) read(ctx context.Context, c models.DriveFile) (bool, error) {
	if l.s.now().Sub(l.at.held) > movedHold/4 {
		if mine, err := l.hold(ctx); err != nil || !mine {
			return false, err
		}
	}
	l.s.sampling.Lock()
	defer l.s.sampling.Unlock()
	return true, l.s.readBack(ctx, c)
}

// placeOf is a digest of the settings that say where the copies of a drive lie; empty for
// a kind that is not known.
func placeOf(d models.Drive) string {
	kind, err := drive.Lookup(d.Provider)
	if err != nil {
		return ""
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q", d.Provider)
	for _, set := range kind.Settings {
		if set.Places() {
			fmt.Fprintf(sum, "%q%q", set.Name, cmp.Or(d.Settings[set.Name], set.Default))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
