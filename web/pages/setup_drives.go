package pages

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/views/setup"
	"github.com/backupman/backupman/views/sources"
	"github.com/backupman/backupman/web/identity"
)

// SetUpDrives answers GET /setup/drives: which drives copies of a source go to, and the
// form of one more.
func (h *Handlers) SetUpDrives(c *gin.Context) error {
	v, err := h.drivesStep(c, c.Query("source"), c.QueryArray("drive"))
	if err != nil {
		return err
	}
	if added := c.Query("added"); added != "" {
		at, err := h.item(c.Request.Context(), plan.Drives, added)
		if err != nil {
			return err
		}
		v.Added = at.Label
	}
	if err := h.openDrive(c, &v, c.Query("provider")); err != nil {
		return err
	}
	return Render(c, http.StatusOK, setup.Drives(v))
}

// openDrive opens the form of a new drive: of the kind that was asked for, or of the first
// kind, a folder, where there is none yet.
func (h *Handlers) openDrive(c *gin.Context, v *setup.DrivesView, provider string) error {
	if kinds := h.Planner.Kinds(models.PlanDrive); provider == "" && len(v.Drives) == 0 && len(kinds) > 0 {
		provider = kinds[0].Provider
	}
	if provider == "" {
		return nil
	}
	kind, err := h.kindOf(plan.Drives, provider)
	if err != nil {
		return err
	}
	f := planForm{Facts: plan.Facts{Noun: plan.Drives, Kind: kind, New: true, Draft: models.PlanDraft{Kind: models.PlanDrive}}}
	v.Open(h.view(c, &f))
	return nil
}

// SaveSetUpDrives answers POST /setup/drives: it adds the drive that was filled in, if any,
// and stays, or goes on with those that are ticked.
func (h *Handlers) SaveSetUpDrives(c *gin.Context) error {
	if err := form(c); err != nil {
		return err
	}
	source, chosen, do := field(c, "source"), chosenDrives(c), field(c, "do")
	if do == setup.DoContinue && !filledIn(c, h) {
		identity.NoteAction(c, "setup.continue")
		return h.goOn(c, source, chosen)
	}
	f, err := h.readPlanForm(c, plan.Drives, "")
	if err != nil {
		return err
	}
	if f.do != plan.DoAnyway {
		f.do = plan.DoSave
	}
	id, err := h.send(c, &f, wantsSignIn)
	if err != nil {
		return err
	}
	if id == "" {
		v, err := h.drivesStep(c, source, chosen)
		if err != nil {
			return err
		}
		v.Open(h.view(c, &f))
		return Render(c, f.status, setup.Drives(v))
	}
	h.remember(c, &f, id)
	chosen = append(chosen, id)
	if do == setup.DoContinue && f.Trial != nil && f.Trial.Good() {
		return h.goOn(c, source, chosen)
	}
	return seeOther(c, setup.DrivesOf(source, chosen...)+"&added="+id)
}

// wantsSignIn passes a drive that works as soon as somebody has signed in to it, which can
// be done once it is there.
func wantsSignIn(t models.Trial) bool { return t.Drive != nil && t.Drive.NeedsSignIn }

// chosenDrives are the drives that are ticked; not nil, which would mean that nobody chose.
func chosenDrives(c *gin.Context) []string {
	return append([]string{}, c.Request.PostForm["drive"]...)
}

// filledIn reports whether something was filled in to the form of a new drive.
func filledIn(c *gin.Context, h *Handlers) bool {
	kind, err := h.kindOf(plan.Drives, field(c, "provider"))
	if err != nil {
		return false
	}
	fields, secrets, _ := readSettings(kind, c.Request.PostForm)
	return len(fields) > 0 || len(secrets) > 0 || field(c, "label") != "" || field(c, plan.TypedField) != ""
}

// goOn leads to the job of a source and drives that are there.
func (h *Handlers) goOn(c *gin.Context, source string, chosen []string) error {
	v, err := h.drivesStep(c, source, chosen)
	if err != nil {
		return err
	}
	if len(v.Ticked) == 0 {
		v.Problem = "Choose at least one place, or fill in a new one."
		identity.NoteRefusal(c, "no drive was chosen")
		if err := h.openDrive(c, &v, field(c, "provider")); err != nil {
			return err
		}
		return Render(c, http.StatusUnprocessableEntity, setup.Drives(v))
	}
	return seeOther(c, setup.JobOf(source, v.Ticked...))
}

// drivesStep builds the step without the form of a new drive. Of what was chosen only what
// is there counts.
func (h *Handlers) drivesStep(c *gin.Context, source string, chosen []string) (setup.DrivesView, error) {
	ctx := c.Request.Context()
	f, err := h.sourceOf(ctx, source)
	if err != nil {
		return setup.DrivesView{}, err
	}
	all, err := h.driveFacts(ctx)
	if err != nil {
		return setup.DrivesView{}, err
	}
	v := setup.NewDrivesView(h.page("Set up a backup: drives", setup.Path), f, all, chosen)
	v.Choose(h.Planner.Kinds(models.PlanDrive))
	return v, nil
}

// sourceOf returns what is known of a source.
func (h *Handlers) sourceOf(ctx context.Context, id string) (sources.Facts, error) {
	if err := models.CheckID(id); err != nil {
		return sources.Facts{}, err
	}
	all, err := h.sourceFacts(ctx)
	if err != nil {
		return sources.Facts{}, err
	}
	at := slices.IndexFunc(all, func(f sources.Facts) bool { return f.Source.ID == id })
	if at < 0 {
		return sources.Facts{}, models.NotFoundf("there is no source with the id %s in the configuration", id)
	}
	return all[at], nil
}
