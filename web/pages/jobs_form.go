package pages

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/views/setup"
	"github.com/backupman/backupman/web/identity"
)

// providerSQLite is the kind of source that has no server for drills.
const providerSQLite = "sqlite"

// jobForm is a form of a job on its way: what it is for, and what it changes.
type jobForm struct {
	purpose jobs.Purpose
	// job is what is changed; zero for a new one. of is its draft.
	job models.Job
	of  models.PlanDraft
	// from is the id of the job that a new one began as; empty for none.
	from string
	form jobs.Form
	// secrets are what was typed, by the names of their fields, and never go back.
	secrets  map[string]models.Secret
	problems models.FieldErrors
	// version is that of what the form was filled with; empty for a new job.
	version string
}

// EditJob answers GET /jobs/:id/edit.
func (h *Handlers) EditJob(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	f, err := h.changed(c.Request.Context(), id)
	if err != nil {
		return err
	}
	f.form = jobs.FormOf(f.of).Holding(f.job, f.of)
	return h.showJobForm(c, http.StatusOK, f)
}

// changed is the form of a job that pages can change, before anything was typed.
func (h *Handlers) changed(ctx context.Context, id string) (f jobForm, err error) {
	f.purpose = jobs.ForEdit
	if f.job, err = h.changeableJob(ctx, id); err != nil {
		return f, err
	}
	f.of, err = h.Planner.Draft(ctx, models.PlanJob, f.job.Label)
	f.version = f.of.Version
	return f, err
}

// changeableJob returns a job, or models.ErrConflict for one that the configuration file
// names or that is not configured any more. One that was set up on a page and is left out
// for now, such as for a drive that has gone from the file, can be changed.
func (h *Handlers) changeableJob(ctx context.Context, id string) (models.Job, error) {
	job, err := h.Plans.Job(ctx, id)
	if err != nil {
		return job, err
	}
	from, err := h.origin(ctx, models.PlanJob, job.Label)
	switch {
	case err != nil || from == models.OriginPage:
		return job, err
	case job.RemovedAt != nil:
		return job, models.Conflictf("the job %q has left the configuration already", job.Label)
	}
	return job, models.Conflictf("the job %q is named in the configuration file: change it there, and the running server follows, or duplicate it and change the duplicate here", job.Label)
}

// CreateJob answers POST /jobs/new.
func (h *Handlers) CreateJob(c *gin.Context) error {
	f := jobForm{purpose: jobs.ForNew}
	return h.saveJob(c, f, func(id string) error { return seeOther(c, h.afterSave(c.Request.Context(), id)) })
}

// ChangeJob answers POST /jobs/:id/edit.
func (h *Handlers) ChangeJob(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	f, err := h.changed(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return h.saveJob(c, f, func(id string) error { return seeOther(c, h.afterSave(c.Request.Context(), id)) })
}

// afterSave is where a saved job leads: to its recovery kit while it waits for that.
func (h *Handlers) afterSave(ctx context.Context, id string) string {
	if job, err := h.Plans.Job(ctx, id); err == nil && job.LacksKit() && h.Kits != nil {
		return jobs.KitPath(id)
	}
	return jobs.Path(id) + "?done=saved"
}

// saveJob saves what was typed and goes on, or shows the form again with what is wrong.
func (h *Handlers) saveJob(c *gin.Context, f jobForm, then func(id string) error) error {
	if err := form(c); err != nil {
		return err
	}
	if f.purpose != jobs.ForEdit {
		if err := h.copied(c, &f); err != nil {
			return err
		}
	}
	f.form, f.secrets, f.version = jobs.ParseForm(c.Request.PostForm), jobSecrets(c), field(c, plan.VersionField)
	draft, problems := f.draft()
	draft.Version = f.version
	subject := "job " + draft.Label
	identity.Note(c, subject, f.job.ID, "")
	isNew := f.purpose != jobs.ForEdit
	if len(problems) > 0 {
		// Everything that is wrong is told at once.
		wrong := models.FieldErrors{}
		if err := h.Planner.Check(c.Request.Context(), draft, isNew); err != nil && !errors.As(err, &wrong) && !isFault(err) {
			return err
		}
		return h.refuseJob(c, f, merged(problems, wrong))
	}
	if wrong := h.keptByAll(c.Request.Context(), f.form, draft); len(wrong) > 0 {
		return h.refuseJob(c, f, wrong)
	}
	id, err := h.Planner.Save(c.Request.Context(), draft, isNew, identity.Of(c).Name)
	var wrong models.FieldErrors
	if errors.As(err, &wrong) {
		return h.refuseJob(c, f, wrong)
	}
	if why, refused := refusal(c, err); refused {
		f.problems, f.version = models.FieldErrors{"": why.Sentence}, versionAfter(err, f.version)
		return h.showJobForm(c, faultStatus(why), f)
	}
	if err != nil {
		return err
	}
	identity.Note(c, subject, id, "")
	return then(id)
}

// keptByAll tells a job that is to keep everything, and would not: the configuration file
// has rules for all jobs without their own.
func (h *Handlers) keptByAll(ctx context.Context, f jobs.Form, draft models.PlanDraft) models.FieldErrors {
	planned, err := h.Planner.Job(ctx, draft)
	if err != nil {
		return nil // what is wrong with it is told when it is saved
	}
	return f.KeptByAll(planned.Job.Retention)
}

func isFault(err error) bool {
	var why *models.Fault
	return errors.As(err, &why)
}

// draft is what the form makes of the job that is changed, with its secrets.
func (f jobForm) draft() (models.PlanDraft, models.FieldErrors) {
	draft, problems := f.form.Draft(f.of)
	name, needed := f.form.Secret()
	if name == "" {
		return draft, problems
	}
	typed := f.secrets[name]
	if _, set := f.of.Secrets[name]; needed && !set && typed.Empty() {
		problems[name] = "type it, or nothing would be encrypted"
	}
	if !typed.Empty() {
		draft.Secrets[name] = typed
	}
	return draft, problems
}

// jobSecrets are the secrets that were typed.
func jobSecrets(c *gin.Context) map[string]models.Secret {
	return map[string]models.Secret{jobs.FieldPassphrase: secretField(c, jobs.FieldPassphrase), jobs.FieldIdentity: pasted(strings.TrimSpace(field(c, jobs.FieldIdentity)))}
}

// merged keeps the first of two mistakes about a field, which was said by who knows the form.
func merged(first, second models.FieldErrors) models.FieldErrors {
	all := maps.Clone(second)
	if all == nil {
		all = models.FieldErrors{}
	}
	maps.Copy(all, first)
	return all
}

// refuseJob shows the form again, with all that was typed but secrets.
func (h *Handlers) refuseJob(c *gin.Context, f jobForm, problems models.FieldErrors) error {
	identity.NoteRefusal(c, problems.Error())
	f.problems = problems
	return h.showJobForm(c, http.StatusUnprocessableEntity, f)
}

func (h *Handlers) showJobForm(c *gin.Context, status int, f jobForm) error {
	facts, err := h.jobFormFacts(c, f)
	if err != nil {
		return err
	}
	return Render(c, status, jobs.ShowForm(jobs.NewFormView(h.page(f.title(), jobs.ListPath), facts)))
}

func (f jobForm) title() string {
	switch f.purpose {
	case jobs.ForEdit:
		return "Edit " + f.job.Label
	case jobs.ForSetup:
		return "When, and how long are backups kept?"
	}
	return "New job"
}

func (h *Handlers) jobFormFacts(c *gin.Context, f jobForm) (jobs.FormFacts, error) {
	facts := jobs.FormFacts{Purpose: f.purpose, ID: f.job.ID, Version: f.version, From: f.from, Form: f.form, Problems: f.problems}
	facts.Set = map[string]bool{}
	for name := range f.of.Secrets {
		facts.Set[name] = true
	}
	sources, places, err := h.configured(c.Request.Context())
	if err != nil {
		return facts, err
	}
	for _, s := range sources {
		facts.Sources = append(facts.Sources, components.Option{Value: s.Label, Label: s.Label + " · " + backups.ProviderName(s.Provider)})
		if s.Provider != providerSQLite {
			facts.Scratch = append(facts.Scratch, jobs.ScratchOption(s.Label, backups.ProviderName(s.Provider)))
		}
	}
	for _, d := range places {
		facts.Drives = append(facts.Drives, components.Option{Value: d.Label, Label: d.Label, Hint: backups.ProviderName(d.Provider) + " · " + drives.Where(d)})
	}
	if f.purpose == jobs.ForSetup {
		facts.Head = setup.Head(setup.StageJob, f.title(), "What most people want is chosen already. A backup is made as soon as this is saved.")
	}
	facts.Preview, err = h.previewOf(c, f)
	return facts, err
}
