package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/restores"
	"github.com/backupman/backupman/web/identity"
)

// RestoreBackup answers GET /backups/:id/restore: the form that asks where to, and with
// step=plan what would happen then.
func (h *Handlers) RestoreBackup(c *gin.Context) error { return h.restoreStep(c, h.askRestore) }

// StartRestore answers POST /backups/:id/restore. What is restored is in the address,
// as the plan showed it; the form brings the name that was typed.
func (h *Handlers) StartRestore(c *gin.Context) error { return h.restoreStep(c, h.startRestore) }

// restoreAsked is one request for a restore, and what is known of it.
type restoreAsked struct {
	form  restores.Form
	facts restores.Facts
}

// restoreStep reads what is to be restored before one of the two steps.
func (h *Handlers) restoreStep(c *gin.Context, step func(*gin.Context, restoreAsked) error) error {
	asked := restoreAsked{form: restores.ParseForm(c.Request.URL.Query())}
	if c.Param("id") != "" {
		id, err := pathID(c)
		if err != nil {
			return err
		}
		asked.form.BackupID, asked.form.UploadID = id, ""
	}
	var err error
	if asked.facts, err = h.restoreFacts(c.Request.Context(), asked.form); err != nil {
		return err
	}
	return step(c, asked)
}

// restoreFacts gathers what is known of the backup, or of the uploaded file.
func (h *Handlers) restoreFacts(ctx context.Context, f restores.Form) (restores.Facts, error) {
	facts, err := h.restored(ctx, f)
	if err != nil {
		return facts, err
	}
	if facts.Sources, err = h.Plans.Sources(ctx); err != nil {
		return facts, fmt.Errorf("list sources: %w", err)
	}
	facts.Drives, err = h.drivesByID(ctx)
	return facts, err
}

func (h *Handlers) restored(ctx context.Context, f restores.Form) (facts restores.Facts, err error) {
	if f.BackupID == "" {
		if err := models.CheckID(f.UploadID); err != nil {
			return facts, err
		}
		u, err := h.Restores.Upload(ctx, f.UploadID)
		return restores.Facts{Upload: &u, Provider: u.Provider, Inventory: u.Inventory}, err
	}
	b, err := h.History.Backup(ctx, f.BackupID)
	if err != nil {
		return facts, err
	}
	facts.Backup = &b
	m, err := h.manifest(ctx, b.ID)
	if err != nil {
		return facts, err
	}
	if m != nil {
		facts.Provider, facts.Inventory = m.Provider, m.Inventory
		return facts, nil
	}
	facts.Provider, err = h.sourceProvider(ctx, b.SourceID)
	return facts, err
}

// askRestore shows the first step, or the second once it was asked for.
func (h *Handlers) askRestore(c *gin.Context, asked restoreAsked) error {
	if !asked.form.Planned {
		return h.showChoices(c, http.StatusOK, asked, "")
	}
	req, err := asked.form.Request()
	if err != nil {
		return h.refusedChoices(c, asked, err)
	}
	// Who may not is told before typing anything.
	return h.showPlan(c, asked, "", identity.RequireUploaded(c, asked.facts.Upload, req))
}

// startRestore starts what the plan showed. When that is refused, the page comes back
// with what was typed, and says why.
func (h *Handlers) startRestore(c *gin.Context, asked restoreAsked) error {
	if err := c.Request.ParseForm(); err != nil {
		return formError(err)
	}
	asked.form.Planned = true
	typed := c.Request.PostForm.Get("confirm")
	req, err := asked.form.Request()
	if err != nil {
		return h.refusedChoices(c, asked, err)
	}
	req.Confirm = typed
	if req.Unlock, err = formUnlock(c); err != nil {
		return err
	}
	if err := identity.RequireRestore(c, req); err != nil {
		return err
	}
	if err := identity.RequireUploaded(c, asked.facts.Upload, req); err != nil {
		identity.NoteRefusal(c, err.Error())
		return h.showPlan(c, asked, typed, err)
	}
	if err := identity.Record(c); err != nil {
		return err
	}
	started, err := h.Restores.Start(c.Request.Context(), req)
	if err != nil {
		identity.NoteRefusal(c, err.Error())
		return h.showPlan(c, asked, typed, err)
	}
	identity.Note(c, "restore of "+started.Label, started.ID, "into "+started.TargetName)
	return seeOther(c, restores.Path(started.ID))
}

// showPlan shows the second step. A request that no plan can be made of leads back to the first,
// which says why. Refused is why a restore was not started; nil before that was tried.
func (h *Handlers) showPlan(c *gin.Context, asked restoreAsked, typed string, refused error) error {
	var why *models.Fault
	if refused != nil && !errors.As(refused, &why) {
		return refused
	}
	req, err := asked.form.Request()
	if err != nil {
		return h.refusedChoices(c, asked, err)
	}
	plan, err := h.Restores.Plan(c.Request.Context(), req)
	if err != nil {
		return h.refusedChoices(c, asked, err)
	}
	view := restores.NewPlanView(h.page(restores.NewHead(asked.facts, h.Now()).Title, "/restores"), restores.NewHead(asked.facts, h.Now()), asked.form, plan, h.Now())
	status := http.StatusOK
	if why != nil {
		view.Refused, view.Typed, status = human.Sentence(why.Sentence), typed, faultStatus(why)
	}
	return Render(c, status, restores.Plan(view))
}

// refusedChoices shows the first step again, with all that was typed, and why nothing
// can be made of it.
func (h *Handlers) refusedChoices(c *gin.Context, asked restoreAsked, err error) error {
	var why *models.Fault
	if !errors.As(err, &why) {
		return err
	}
	return h.showChoices(c, faultStatus(why), asked, why.Sentence)
}

func (h *Handlers) showChoices(c *gin.Context, status int, asked restoreAsked, problem string) error {
	head := restores.NewHead(asked.facts, h.Now())
	return Render(c, status, restores.Choose(restores.NewChoiceView(h.page(head.Title, "/restores"), head, asked.facts, asked.form, problem)))
}

// faultStatus is the status of a page that tells a fault and keeps what was typed.
func faultStatus(f *models.Fault) int {
	switch {
	case errors.Is(f, models.ErrConflict):
		return http.StatusConflict
	case errors.Is(f, models.ErrTooMany):
		return http.StatusTooManyRequests
	case errors.Is(f, models.ErrUnauthorized):
		return http.StatusUnauthorized
	case errors.Is(f, models.ErrForbidden):
		return http.StatusForbidden
	case errors.Is(f, models.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(f, models.ErrNoSpace):
		return http.StatusInsufficientStorage
	}
	return http.StatusBadRequest
}
