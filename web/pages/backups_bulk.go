package pages

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/web/identity"
)

// BulkBackups answers POST /backups/bulk: it does with several backups what the form says, and
// tells of each what became of it. Deleting is asked about first.
func (h *Handlers) BulkBackups(c *gin.Context) error {
	if err := form(c); err != nil {
		return err
	}
	ids, err := askedIDs(c, c.Request.PostForm)
	if err != nil {
		return err
	}
	noteSeveral(c, ids)
	back := field(c, "back")
	switch do := field(c, "do"); do {
	case "pin":
		identity.NoteAction(c, "backup.pin")
		return h.bulk(c, "Pinned", ids, back, func(ctx context.Context, id string) (models.Backup, error) { return h.Retention.Pin(ctx, id, nil) }, leads)
	case "heal":
		identity.NoteAction(c, "backup.heal")
		return h.bulk(c, "Missing copies are made", ids, back, h.Backups.Heal, leads)
	case "delete":
		identity.NoteLook(c)
		return seeOther(c, backups.DeletePathOf(ids, back))
	default:
		return models.Invalidf("%q is nothing that can be done with backups: use pin, heal or delete", do)
	}
}

// leads tells of a backup with which something was done.
func leads(b models.Backup) backups.Refused { return backups.Refused{Path: backups.Path(b.ID)} }

// bulk does something with each of several backups. One that is refused does not keep the
// others from it.
func (h *Handlers) bulk(c *gin.Context, verb string, ids []string, back string, do func(ctx context.Context, id string) (models.Backup, error),
	tell func(models.Backup) backups.Refused) error {
	ctx := c.Request.Context()
	var done, refused []backups.Refused
	for _, id := range ids {
		b, err := do(ctx, id)
		var why *models.Fault
		switch {
		case err == nil:
			told := tell(b)
			told.Label = b.Label + ", " + human.Exact(b.CreatedAt)
			done = append(done, told)
		case errors.As(err, &why):
			label := "Backup " + id
			if known, err := h.History.Backup(ctx, id); err == nil {
				label = known.Label + ", " + human.Exact(known.CreatedAt)
			}
			refused = append(refused, backups.Refused{Label: label, Path: backups.Path(id), Sentence: human.Sentence(why.Sentence)})
		default:
			return err
		}
	}
	status := http.StatusOK
	if len(done) == 0 {
		status = http.StatusConflict
		identity.NoteRefusal(c, refused[0].Sentence)
	}
	return Render(c, status, backups.Done(backups.NewDoneView(h.page("What became of it", "/backups"), verb, done, refused, back)))
}

// noteSeveral says in the audit log which backups a request is about.
func noteSeveral(c *gin.Context, ids []string) {
	if len(ids) == 1 {
		identity.Note(c, "backup", ids[0], "")
		return
	}
	identity.Note(c, human.Plural(int64(len(ids)), "backup"), "", strings.Join(ids, " "))
}
