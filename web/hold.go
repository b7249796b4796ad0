package web

import (
	"context"
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// hold keeps an API key to the jobs that it is for. What belongs to others is answered
// like what does not exist.
func (s *server) hold(b binding) gin.HandlerFunc {
	return func(c *gin.Context) {
		actor := identity.Of(c)
		if len(actor.JobIDs) == 0 || b == narrowed || b == unbound {
			return
		}
		if err := s.held(c.Request.Context(), actor, b, c.Param("id")); err != nil {
			s.refuse(c, err)
			c.Abort()
		}
	}
}

func (s *server) held(ctx context.Context, actor models.Actor, b binding, id string) error {
	if b == refusedToBound {
		return &models.Fault{Kind: models.ErrForbidden, Sentence: "this API key is for some jobs only, and this is about all of them: use a key without jobs"}
	}
	jobID, err := s.jobOf(ctx, b, id)
	if errors.Is(err, models.ErrNotFound) || err == nil && !actor.MayJob(jobID) {
		return identity.Elsewhere(string(b), id)
	}
	return err
}

// jobOf finds the job that something belongs to.
func (s *server) jobOf(ctx context.Context, b binding, id string) (string, error) {
	if err := models.CheckID(id); err != nil {
		return "", err
	}
	switch b {
	case boundByJob:
		return id, nil
	case boundByBackup:
		found, err := s.store.Backup(ctx, id)
		return found.JobID, err
	case boundByDrill:
		found, err := s.store.Drill(ctx, id)
		return found.JobID, err
	case boundByRestore:
		return s.jobOfRestore(ctx, id)
	case boundByAlarm:
		return s.jobOfAlarm(ctx, id)
	}
	return "", models.NotFoundf("nothing is known of the job of a %s", b)
}

// jobOfRestore goes by the backup: what was restored from a file, or from a backup that is
// gone, belongs to no job.
func (s *server) jobOfRestore(ctx context.Context, id string) (string, error) {
	found, err := s.store.Restore(ctx, id)
	if err != nil {
		return "", err
	}
	if found.BackupID == "" {
		return "", models.NotFoundf("the restore %s is of a file", id)
	}
	b, err := s.store.Backup(ctx, found.BackupID)
	return b.JobID, err
}

func (s *server) jobOfAlarm(ctx context.Context, id string) (string, error) {
	all, err := s.store.Alarms(ctx, false)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(a models.Alarm) bool { return a.ID == id })
	if i < 0 {
		return "", models.NotFoundf("there is no alarm %s", id)
	}
	return all[i].JobID, nil
}
