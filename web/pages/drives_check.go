package pages

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/tasks"
)

const (
	// checkLook is how long a part of a page waits for a check before it shows that
	// one runs; it asks again by itself.
	checkLook = time.Second
	// checkPatience is how long a page waits that cannot.
	checkPatience = 8 * time.Second
)

// CheckDrive answers POST /drives/:id/check. The check goes on when nobody waits for
// it any more, and the service that makes it bounds it.
func (h *Handlers) CheckDrive(c *gin.Context) error {
	fragment := IsFragment(c)
	id, err := pathID(c)
	if err != nil {
		return err
	}
	f, err := h.driveFact(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "drive "+f.Drive.Label, id, "")
	done := h.check(id)
	if fragment {
		tasks.Await(c.Request.Context(), done, checkLook)
		return h.renderDrive(c, id)
	}
	tasks.Await(c.Request.Context(), done, checkPatience)
	if c.Query(drives.OwnPage) == "true" {
		return seeOther(c, drives.PathBackTo(id, elsewhere(c, id)))
	}
	return seeOther(c, "/drives#drive-"+id)
}

// check begins a check of a drive, or joins the one that runs.
func (h *Handlers) check(id string) <-chan struct{} {
	return h.Checks.Start(id, func(ctx context.Context) (models.DriveCheck, error) {
		found, err := h.Upkeep.Check(ctx, id)
		h.logUnexpected(ctx, "check drive", "drive_id", id, err)
		return found, err
	})
}

// elsewhere is the page that the page of a drive leads back to; empty for none.
func elsewhere(c *gin.Context, id string) string {
	if next := nextPage(c.Query(drives.NextField)); next != drives.Path(id) {
		return next
	}
	return ""
}

// nextPage is the page that was asked for, when it is one of ours; empty for any other.
func nextPage(wanted string) string {
	if next := localPath(wanted); next != "/" {
		return next
	}
	return ""
}

// checkAndShow checks a drive that was just let in, and leads back to where that began, or
// to the page of drives.
func (h *Handlers) checkAndShow(c *gin.Context, id, next, query string) error {
	tasks.Await(c.Request.Context(), h.check(id), checkPatience)
	switch next {
	case "":
	case drives.Path(id):
		return seeOther(c, next+query)
	default:
		return seeOther(c, next)
	}
	return seeOther(c, "/drives"+query+"#drive-"+id)
}
