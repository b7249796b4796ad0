package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/services/retention"
	"github.com/backupman/backupman/services/schedule"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/identity"
)

// mostForeseen bounds how many runs a forecast looks at: a year of hourly ones.
const mostForeseen = 9000

// PreviewJob answers POST /jobs/preview: what a job would do, and nothing is saved. A
// browser without a script gets the whole form again.
func (h *Handlers) PreviewJob(c *gin.Context) error {
	fragment := IsFragment(c)
	f, err := h.sentJob(c)
	if err != nil {
		return err
	}
	if fragment {
		preview, err := h.previewOf(c, f)
		if err != nil {
			return err
		}
		return Render(c, http.StatusOK, jobs.PreviewFragment(preview))
	}
	return h.showJobForm(c, http.StatusOK, f)
}

// CheckJob answers POST /jobs/check with what is said below the field that was changed.
func (h *Handlers) CheckJob(c *gin.Context) error {
	f, err := h.sentJob(c)
	if err != nil {
		return err
	}
	draft, problems := f.draft()
	var wrong models.FieldErrors
	if err := h.Planner.Check(c.Request.Context(), draft, f.purpose != jobs.ForEdit); err != nil && !errors.As(err, &wrong) && !isFault(err) {
		return err
	}
	view := jobs.NewFormView(h.page("", jobs.ListPath), jobs.FormFacts{Purpose: f.purpose, Form: f.form, Problems: merged(problems, wrong)})
	return Render(c, http.StatusOK, components.Remark(view.Field(triggerName(c))))
}

// triggerName is the name of the field that was changed. A header takes no letters of most
// languages, which labels in the name may have, so that htmx escapes such a one.
func triggerName(c *gin.Context) string {
	name := c.GetHeader("HX-Trigger-Name")
	if c.GetHeader("HX-Trigger-Name-URI-AutoEncoded") == "true" {
		if plain, err := url.PathUnescape(name); err == nil {
			return plain
		}
	}
	return name
}

// sentJob is a form that was sent to be looked at.
func (h *Handlers) sentJob(c *gin.Context) (f jobForm, err error) {
	identity.NoteLook(c)
	if err := form(c); err != nil {
		return f, err
	}
	switch f.purpose = jobs.Purpose(field(c, "for")); f.purpose {
	case jobs.ForEdit:
		id := field(c, "job")
		if err := models.CheckID(id); err != nil {
			return f, err
		}
		if f, err = h.changed(c.Request.Context(), id); err != nil {
			return f, err
		}
	case jobs.ForNew, jobs.ForSetup:
		if err := h.copied(c, &f); err != nil {
			return f, err
		}
	default:
		return f, models.Invalidf("this is no form of a job: open the page of the form again")
	}
	f.form, f.secrets, f.version = jobs.ParseForm(c.Request.PostForm), jobSecrets(c), field(c, plan.VersionField)
	return f, nil
}

// previewOf tells what a job would do as it was typed.
func (h *Handlers) previewOf(c *gin.Context, f jobForm) (jobs.Preview, error) {
	facts, err := h.previewFacts(c.Request.Context(), f)
	return jobs.NewPreview(facts, h.Now()), err
}

func (h *Handlers) previewFacts(ctx context.Context, f jobForm) (p jobs.PreviewFacts, err error) {
	wrong := models.FieldErrors{}
	p.Expression, p.Zone = f.form.Schedule(wrong), time.UTC
	p.Words = cron.Describe(p.Expression)
	p.Problem = wrong.Error()
	job := models.Job{Cron: p.Expression, Timezone: f.form.Zone(), Window: f.form.Window()}
	if zone, unknown := cron.Zone(job.Timezone); unknown != nil {
		p.Problem = sentence(unknown)
	} else {
		p.Zone = zone
	}
	var rulesWrong models.FieldErrors
	p.Rules, rulesWrong = f.form.Rules()
	p.RulesWrong = len(rulesWrong) > 0
	if p.Problem == "" {
		p.Problem = sentence(h.runsOf(&p, job))
	}
	if p.Size, err = h.sizeOf(ctx, f.form.Source()); err != nil || p.RulesWrong {
		return p, err
	}
	if p.Problem == "" && job.Cron != "" {
		runs := schedule.BackupSlots(job, h.Now(), h.Now().AddDate(1, 0, 0), mostForeseen)
		p.Forecast = retention.Foresee(p.Rules, runs.At, p.Size, p.Zone)
	}
	if f.job.ID == "" || len(f.job.DriveRetention) > 0 {
		return p, nil // rules to try would hold for drives that have rules of their own
	}
	plan, err := h.Retention.Preview(ctx, f.job.ID, &p.Rules)
	if err != nil {
		return p, fmt.Errorf("plan the retention of job %s: %w", f.job.ID, err)
	}
	if len(plan.Backups) > 0 {
		p.Plan = &plan
	}
	return p, nil
}

// runsOf fills in the next runs; its error says why there are none.
func (h *Handlers) runsOf(p *jobs.PreviewFacts, job models.Job) error {
	if job.Cron == "" {
		return nil
	}
	when, err := cron.Parse(job.Cron, job.Timezone)
	if err != nil {
		return err
	}
	window, err := cron.ParseWindow(job.Window)
	if err != nil {
		return err
	}
	if when.Within(window).Never(h.Now()) {
		return models.Invalidf("no run lies between the times in which runs may start: choose others")
	}
	p.Runs = schedule.NextSlots(job, h.Now(), nextRuns)
	return nil
}

// sentence is what a fault says; empty for none.
func sentence(err error) string {
	var why *models.Fault
	if errors.As(err, &why) {
		return why.Sentence
	}
	return ""
}

// sizeOf is how large the newest backup of a source is; 0 where there is none.
func (h *Handlers) sizeOf(ctx context.Context, label string) (int64, error) {
	if label == "" {
		return 0, nil
	}
	sources, err := h.Plans.Sources(ctx)
	if err != nil {
		return 0, fmt.Errorf("list sources: %w", err)
	}
	for _, s := range sources {
		if s.Label != label || s.RemovedAt != nil {
			continue
		}
		newest, err := h.History.Backups(ctx, models.BackupFilter{SourceID: s.ID, Status: models.StatusFinished}, models.Cursor{}, 1)
		if err != nil {
			return 0, fmt.Errorf("find the newest backup of source %s: %w", s.ID, err)
		}
		if len(newest) > 0 {
			return newest[0].Size, nil
		}
	}
	return 0, nil
}
