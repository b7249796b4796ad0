package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/compare"
	"github.com/backupman/backupman/web/identity"
)

// Compare answers GET /api/backups/:id/compare?With=ID with how the later of the two
// backups differs from the earlier.
func (h *Handlers) Compare(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	with := ""
	err = setAll(c.Request.URL.Query(), map[string]func(string) error{"With": func(v string) error { with = v; return models.CheckID(v) }})
	if err != nil {
		return err
	}
	if with == "" {
		return models.Invalidf("With is missing: name the other backup, as in ?With=%s", id)
	}
	pair, err := h.pair(c.Request.Context(), id, with, identity.Jobs(c))
	if err != nil {
		return err
	}
	found, err := pair.Compare(c.Request.Context(), h.Store)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewComparison(found))
	return nil
}

func (h *Handlers) pair(ctx context.Context, id, with string, jobIDs []string) (Pair, error) {
	a, err := h.Store.Backup(ctx, id)
	if err != nil {
		return Pair{}, err
	}
	b, err := h.Store.Backup(ctx, with)
	if len(jobIDs) > 0 && (errors.Is(err, models.ErrNotFound) || err == nil && !mayJob(jobIDs, b.JobID)) {
		return Pair{}, identity.Elsewhere("backup", with)
	}
	if err != nil {
		return Pair{}, err
	}
	return NewPair(a, b)
}

// Pair is two backups of one job.
type Pair struct {
	Before, After models.Backup
}

// NewPair puts two backups in order, the older first. It returns models.ErrInvalid for
// backups of two jobs.
func NewPair(a, b models.Backup) (Pair, error) {
	if a.JobID != b.JobID {
		return Pair{}, models.Invalidf("the backups %s and %s are of two jobs, %s and %s: only backups of one job can be compared", a.ID, b.ID, a.Label, b.Label)
	}
	if b.CreatedAt.Before(a.CreatedAt) {
		a, b = b, a
	}
	return Pair{Before: a, After: b}, nil
}

// Manifests tell what backups hold.
type Manifests interface {
	Manifest(ctx context.Context, id string) (models.Manifest, error)
}

// Compare tells how the two differ, by their manifests alone.
func (p Pair) Compare(ctx context.Context, from Manifests) (models.Comparison, error) {
	before, err := from.Manifest(ctx, p.Before.ID)
	if err != nil {
		return models.Comparison{}, fmt.Errorf("compare backup %s: %w", p.Before.ID, err)
	}
	after, err := from.Manifest(ctx, p.After.ID)
	if err != nil {
		return models.Comparison{}, fmt.Errorf("compare backup %s: %w", p.After.ID, err)
	}
	for _, m := range []models.Manifest{before, after} {
		if m.Hidden() {
			return models.Comparison{}, models.Conflictf("what the backup %s holds is not known: it is encrypted and was adopted from a drive, so drill or restore it once with its key", m.BackupID)
		}
	}
	return compare.Manifests(before, after), nil
}
