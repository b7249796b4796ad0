package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// sendLease is how long a notification is left to the server that sends it.
	sendLease = 2 * time.Minute
	// tries is how often a notification is sent before it is given up.
	tries = 10
	// firstPause is the pause after the first attempt; each is twice as long as the one
	// before, up to longestPause.
	firstPause, longestPause = 30 * time.Second, time.Hour
	// patience is how long what goes to a notifier that is not configured here is kept for
	// a server where it is.
	patience = time.Hour
	// writeTime bounds writing down how an attempt went, also at the end of the server.
	writeTime = 10 * time.Second
)

// SendDue sends what is due now, and returns when that has been tried.
func (s *Service) SendDue(ctx context.Context) error {
	err := s.start(ctx)
	s.sending.Wait()
	return err
}

// start begins to send what is due: each notifier has its own turn, so that one that does
// not answer holds up no other.
func (s *Service) start(ctx context.Context) error {
	now, err := s.clock(ctx)
	if err != nil {
		return err
	}
	var here []string
	for _, n := range s.catalog.Notifiers(ctx) {
		here = append(here, n.Label)
	}
	labels, err := s.store.DueNotifiers(ctx, now, here, now.Add(-patience))
	if err != nil {
		return err
	}
	for _, label := range labels {
		if !s.begin(label) {
			continue
		}
		s.sending.Go(func() {
			defer s.end(label)
			s.note(ctx, "notifications are not sent", s.drain(ctx, label))
		})
	}
	return nil
}

func (s *Service) begin(label string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[label] {
		return false
	}
	s.busy[label] = true
	return true
}

func (s *Service) end(label string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, label)
}

// drain sends what is due to one notifier, until an attempt fails that may work later.
func (s *Service) drain(ctx context.Context, label string) error {
	for ctx.Err() == nil {
		now, err := s.clock(ctx)
		if err != nil {
			return err
		}
		n, err := s.store.ClaimNotification(ctx, label, now, sendLease)
		if errors.Is(err, models.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if goOn, err := s.try(ctx, n, tries); err != nil || !goOn {
			return err
		}
	}
	return nil
}

// try makes one attempt that was claimed, and writes down how it went. goOn is false when
// the next one is likely to fail as well.
func (s *Service) try(ctx context.Context, n models.Notification, most int) (goOn bool, err error) {
	failed := s.attempt(ctx, n)
	if failed != nil && ctx.Err() != nil {
		return false, nil // the end of the server; the lease leaves it to another one
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	now, err := s.clock(ctx)
	if err != nil {
		return false, err
	}
	if failed == nil {
		return true, s.store.SettleNotification(ctx, n, models.StatusFinished, "", now, nil)
	}
	s.log.Warn("notification not sent", "notification_id", n.ID, "notifier", n.Notifier, "event", n.Event, "attempt", n.Attempts, "error", failed.Sentence)
	if failed.Final || n.Attempts >= most {
		return failed.Final, s.store.SettleNotification(ctx, n, models.StatusFailed, failed.Sentence, now, nil)
	}
	again := now.Add(max(pause(n.Attempts), failed.Wait))
	return false, s.store.SettleNotification(ctx, n, models.StatusPending, failed.Sentence, now, &again)
}

// pause is how long is waited after an attempt, counted from 1.
func pause(attempt int) time.Duration {
	length := firstPause
	for range attempt - 1 {
		if length *= 2; length >= longestPause {
			return longestPause
		}
	}
	return length
}

// attempt sends a notification once.
func (s *Service) attempt(ctx context.Context, n models.Notification) *Failure {
	to, err := s.catalog.OpenNotifier(ctx, n.Notifier)
	var told *models.Fault
	switch {
	case errors.Is(err, models.ErrNotFound) && to.Label == "":
		f := passing("the notifier %q is not in the configuration of this server", n.Notifier)
		f.Final = s.now().Sub(n.CreatedAt) > patience
		return f
	case errors.As(err, &told):
		return passing("%s", told.Sentence)
	case err != nil:
		s.log.Error("notifier not opened", "notifier", n.Notifier, "error", err)
		return passing("its settings could not be read: the log of the server says why")
	}
	err = s.sender.send(ctx, to, s.messageOf(ctx, n))
	var failed *Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed):
		return failed
	}
	return passing("it was not sent")
}

func (s *Service) messageOf(ctx context.Context, n models.Notification) message {
	m := message{id: n.ID, event: n.Event, title: n.Title, text: n.Body, backupID: n.BackupID, at: n.CreatedAt, job: s.labelOf(ctx, n.JobID)}
	if s.appURL != "" {
		m.url = s.appURL + pathOf(n)
	}
	return m
}

// labelOf returns the label of a job; empty when it is not configured any more.
func (s *Service) labelOf(ctx context.Context, jobID string) string {
	if jobID == "" {
		return ""
	}
	jobs, err := s.catalog.Jobs(ctx)
	if err != nil {
		return ""
	}
	for _, j := range jobs {
		if j.ID == jobID {
			return j.Label
		}
	}
	return ""
}

// pathOf is the page that shows what a notification is about.
func pathOf(n models.Notification) string {
	switch {
	case n.BackupID != "":
		return "/backups/" + n.BackupID
	case n.JobID != "":
		return "/jobs/" + n.JobID
	case n.Event == models.EventDriveFailing || n.Event == models.EventDriveGood:
		drive, _, _ := strings.Cut(n.About, "/")
		return "/drives/" + drive
	case n.Event == models.EventLeftOut:
		return "/"
	}
	return "/notifiers"
}

// Test sends a message to a notifier now, once, and returns what became of it. It returns
// models.ErrNotFound when there is no such notifier.
func (s *Service) Test(ctx context.Context, label string) (models.Notification, error) {
	if to, err := s.catalog.OpenNotifier(ctx, label); errors.Is(err, models.ErrNotFound) && to.Label == "" {
		return models.Notification{}, err
	}
	ctx = context.WithoutCancel(ctx) // whoever asked may go, and finds what became of it in the history
	now, err := s.clock(ctx)
	if err != nil {
		return models.Notification{}, err
	}
	until := now.Add(sendLease)
	n := models.Notification{ID: models.NewID(), Notifier: label, Event: models.EventTest, Title: "A test of the notifier " + label,
		Body:   fmt.Sprintf("Somebody asked for this test on %s. What needs attention is sent the same way.", when(now)),
		Status: models.StatusPending, Attempts: 1, NextAt: &until, CreatedAt: now}
	n.About, n.Title = n.ID, cut(n.Title, longestTitle)
	if err := s.store.InsertNotification(ctx, n); err != nil {
		return n, err
	}
	if _, err := s.try(ctx, n, 1); err != nil {
		return n, err
	}
	return s.store.Notification(ctx, n.ID)
}

// Again sends a notification once more that was sent or given up. It returns
// models.ErrConflict for one that is on its way.
func (s *Service) Again(ctx context.Context, id string) error {
	now, err := s.clock(ctx)
	if err == nil {
		err = s.store.SendAgain(ctx, id, now)
	}
	if err != nil {
		return err
	}
	s.soon()
	return nil
}
