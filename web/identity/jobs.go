package identity

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

// Jobs returns the only jobs that whoever asks has to do with; none for all.
func Jobs(c *gin.Context) []string { return Of(c).JobIDs }

// Elsewhere is the answer of a key for some jobs about everything of others: the same,
// whether that exists or not.
func Elsewhere(noun, name string) error {
	return models.NotFoundf("there is no %s %s among what this API key is for", noun, name)
}

// RequireRestore returns models.ErrForbidden unless whoever asks may restore so: only an
// owner may overwrite, or write into the database of a data source itself.
func RequireRestore(c *gin.Context, req models.RestoreRequest) error {
	switch {
	case req.Replace:
		return Require(c, models.ScopeAdmin, "overwrite what a target holds")
	case req.Target.Kind == models.TargetSource:
		return Require(c, models.ScopeAdmin, "restore into the database of a data source itself, but may into a new one")
	}
	return Require(c, models.ScopeRestore, "restore backups")
}

// RequireUploaded returns models.ErrForbidden unless whoever asks may restore an uploaded
// dump so; nil is none. Code of it that a server runs by itself can reach whatever the
// account can that restores it, so that only an owner may let it.
func RequireUploaded(c *gin.Context, u *models.Upload, req models.RestoreRequest) error {
	if u == nil || req.Target.Kind == models.TargetFile || u.Code() == "" {
		return nil
	}
	return Require(c, models.ScopeAdmin, "restore an uploaded dump with "+u.Code()+" into a database, because the server runs them by itself")
}
