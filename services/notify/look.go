package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// beginFact has since when events are told, and untilFact up to when they were looked for.
	beginFact, untilFact = "notified_from", "notified_until"
	// overlap is how much before that is looked again: what settles is written down a moment
	// later, and by machines whose clocks differ.
	overlap = time.Hour
	// pageSize is how many rows are looked at at once.
	pageSize = 200
)

// happening is something that people may be told of.
type happening struct {
	kind  models.Event
	about string
	// jobID and backupID are empty for what has to do with neither, and jobs are the labels
	// of the jobs that it has to do with.
	jobID, backupID string
	jobs            []string
	title, text     string
	at              time.Time
	// quiet has it recorded and nobody told.
	quiet bool
	// but are kinds of events of which whoever wants one is not told of this.
	but []models.Event
}

// Look records what has happened since the last look, by whichever server it was, with what
// is to be sent of it. At the first look ever, what is the case already is recorded and
// nobody told.
func (s *Service) Look(ctx context.Context, schedule Schedule) error {
	s.looking.Lock()
	defer s.looking.Unlock()
	now := s.now()
	if s.begun.IsZero() || s.begun.After(now) {
		s.begun = now
	}
	s.listen(s.catalog.Notifiers(ctx), now)
	from, until, mark, err := s.marks(ctx, now)
	if err != nil {
		return err
	}
	ahead := until.Sub(now) > overlap // a clock that was wrong has left it
	if until.After(now) {
		until = now
	}
	since := until.Add(-overlap)
	if since.Before(from) {
		since = from
	}
	first := mark == ""
	err = errors.Join(
		s.lookAtBackups(ctx, since), s.lookAtDrills(ctx, since), s.lookAtAlarms(ctx, since),
		s.lookAtDrives(ctx, now, first), s.lookAtSchedules(ctx, schedule, now, first),
		s.lookAtLeft(ctx, now, first),
	)
	if err != nil {
		return err
	}
	s.forget(now)
	if !first && !ahead && !now.After(until) {
		return nil
	}
	return s.store.ReplaceFact(ctx, untilFact, mark, stamp(now))
}

// marks returns since when events are told, and up to when was looked for them, as a time
// and as it is kept, which is empty before the first look. Events are told from now on where
// a clock that was wrong has put that into the future.
func (s *Service) marks(ctx context.Context, now time.Time) (from, until time.Time, kept string, err error) {
	begin, err := s.store.SharedFact(ctx, beginFact, stamp(now))
	if err == nil {
		kept, err = s.store.SharedFact(ctx, untilFact, "")
	}
	if err != nil {
		return from, until, kept, err
	}
	if from, err = time.Parse(time.RFC3339Nano, begin); err == nil {
		until, err = time.Parse(time.RFC3339Nano, cmp.Or(kept, begin))
	}
	if err != nil {
		return from, until, kept, fmt.Errorf("read up to when was looked for events: %w", err)
	}
	if from.After(now) {
		from, err = now, s.store.ReplaceFact(ctx, beginFact, begin, stamp(now))
	}
	return from, until, kept, err
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// forget drops what is known of events that are not looked at any more.
func (s *Service) forget(now time.Time) {
	for key, learned := range s.told {
		if now.Sub(learned) > 3*overlap {
			delete(s.told, key)
		}
	}
}

// known reports whether an event is recorded, as far as this process knows without asking.
func (s *Service) known(kind models.Event, about string) bool {
	_, known := s.told[string(kind)+" "+about]
	return known
}

// untold is what the record of an event says that nobody is to be told of.
const untold = "nobody is told of it"

// tell records an event with a notification for each notifier of this server that wants it.
// Where another server has recorded it, those are added that only this one has.
func (s *Service) tell(ctx context.Context, h happening) error {
	if s.known(h.kind, h.about) {
		return nil
	}
	due, err := s.clock(ctx)
	if err != nil {
		return err
	}
	event := models.Notification{Event: h.kind, About: h.about, JobID: h.jobID, BackupID: h.backupID, Title: cut(oneLine(h.title), longestTitle), Body: h.text,
		Status: models.StatusFinished, CreatedAt: h.at}
	if h.quiet {
		event.Error = untold
	}
	var each []models.Notification
	err = s.store.Announce(ctx, event, func(recorded models.Notification, fresh bool) []models.Notification {
		each = nil
		for _, n := range s.notifiers {
			told := recorded.Error == "" && (fresh || recorded.CreatedAt.After(s.wishes[n.Label].since))
			if told && n.Wants(h.kind, h.jobs) && !wantsAny(n, h.but, h.jobs) {
				sent := event
				sent.Notifier, sent.Status, sent.NextAt = n.Label, models.StatusPending, &due
				each = append(each, sent)
			}
		}
		return each
	})
	if err != nil {
		return err
	}
	s.told[string(h.kind)+" "+h.about] = s.now()
	if len(each) > 0 {
		s.soon()
	}
	return nil
}

// wish is what a notifier is told of, and since when this process knows that.
type wish struct {
	events []models.Event
	jobs   []string
	since  time.Time
}

// listen notes what the notifiers want: of what another server recorded before that, none is
// told.
func (s *Service) listen(notifiers []models.Notifier, now time.Time) {
	wishes := make(map[string]wish, len(notifiers))
	for _, n := range notifiers {
		w, known := s.wishes[n.Label]
		if !known || !slices.Equal(w.events, n.Events) || !slices.Equal(w.jobs, n.Jobs) || w.since.After(now) {
			w = wish{events: n.Events, jobs: n.Jobs, since: now}
		}
		wishes[n.Label] = w
	}
	s.notifiers, s.wishes = notifiers, wishes
}

func wantsAny(n models.Notifier, kinds []models.Event, jobs []string) bool {
	for _, kind := range kinds {
		if n.Wants(kind, jobs) {
			return true
		}
	}
	return false
}
