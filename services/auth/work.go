package auth

import (
	"context"
	"errors"
	"time"
)

const (
	// flushEvery is how exact "seen" and "used" are.
	flushEvery = time.Minute
	dropEvery  = time.Hour
	// endPatience is how long the last flush may take.
	endPatience = 5 * time.Second

	notFlushed = "when sessions were seen and keys used could not be written down"
	notDropped = "what is old could not be dropped"
)

// Work writes down once a minute what was seen and used, and drops what is old, until ctx
// ends. It returns when the last was written. What can't be written is logged: nobody needs
// it to the minute.
func (s *Service) Work(ctx context.Context) error {
	flush, drop := time.NewTicker(flushEvery), time.NewTicker(dropEvery)
	defer flush.Stop()
	defer drop.Stop()
	s.told(notDropped, s.drop(ctx))
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
			defer cancel()
			s.told(notFlushed, s.Flush(last))
			return nil
		case <-flush.C:
			s.told(notFlushed, s.Flush(ctx))
		case <-drop.C:
			s.told(notDropped, s.drop(ctx))
		}
	}
}

func (s *Service) told(message string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Warn(message, "error", err)
	}
}

// Flush writes down when sessions were seen and keys were used. What could not be written
// stays for the next time.
func (s *Service) Flush(ctx context.Context) error {
	seen := s.seen.taken()
	err := s.Store.TouchSessions(ctx, seen)
	if err == nil {
		s.seen.wrote(seen)
	}
	used := s.used.taken()
	usedErr := s.Store.TouchAPIKeys(ctx, used)
	if usedErr == nil {
		s.used.wrote(used)
	}
	return errors.Join(err, usedErr)
}

// drop removes what nobody can use any more, and audit entries that are older than they
// are kept. What other replicas have seen and not written yet counts as seen.
func (s *Service) drop(ctx context.Context) error {
	now := s.Now()
	err := s.Flush(ctx)
	if err == nil {
		err = s.Store.DropExpired(ctx, now, now.Add(-s.Idle-2*flushEvery), now.Add(-forgotten))
	}
	if s.AuditKeep <= 0 {
		return err
	}
	dropped, auditErr := s.Store.DropAuditEntries(ctx, now.Add(-s.AuditKeep))
	if dropped > 0 {
		s.Log.Info("old entries of the audit log were dropped", "how_many", dropped)
	}
	return errors.Join(err, auditErr)
}
