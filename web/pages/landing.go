package pages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/views/landing"
	"github.com/backupman/backupman/views/plan"
)

// Landing answers GET /: can I restore? Of very many databases ?page= shows another part.
func (h *Handlers) Landing(c *gin.Context) error {
	part, err := parsePart(c.Query("page"), "overview")
	if err != nil {
		return err
	}
	s, err := h.standing(c.Request.Context())
	if err != nil {
		return err
	}
	content, err := s.content(c.Request.Context(), viewer(c), part)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, landing.Show(h.page("Overview", "/"), templ.Raw(content)))
}

// parsePart reads which part of a page is asked for; of names the page.
func parsePart(text, of string) (int, error) {
	if text == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, models.Invalidf("%q is no page of the %s: open the %[2]s again", text, of)
	}
	return n, nil
}

// JobCard answers GET /jobs/:id/card with the card of one job, for a page
// whose job is running.
func (h *Handlers) JobCard(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return h.renderCard(c, id)
}

// runningAge is how old, in units of Handlers.Shared, may be what is known beside a run that a
// card follows. How far the run itself is, is read as for its own page.
const runningAge = 5

// followedCard returns the card of a job that runs and goes on to; nil for any other.
func (h *Handlers) followedCard(ctx context.Context, jobID string) (*landing.JobCard, error) {
	s, err := h.standingWithin(ctx, runningAge*h.Shared)
	if err != nil {
		return nil, err
	}
	running := s.build.Running(jobID)
	if running == "" {
		return nil, nil
	}
	run, err := h.watchedRun(ctx, running, noLog)
	if errors.Is(err, models.ErrNotFound) || err == nil && run.backup.Status.Settled() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.build.Follow(jobID, run.backup, h.Now()), nil
}

// renderCard answers with the card of one job. What else its run changes on the page goes
// with it once that has begun, or has ended.
func (h *Handlers) renderCard(c *gin.Context, jobID string) error {
	polls := c.Request.Method == http.MethodGet
	if polls && h.Shared > 0 {
		card, err := h.followedCard(c.Request.Context(), jobID)
		if err != nil {
			return err
		}
		if card != nil {
			return Render(c, http.StatusOK, landing.CardFragment(*card, nil, nil, ""))
		}
	}
	s, err := h.standing(c.Request.Context())
	if err != nil {
		return err
	}
	card, row := s.build.Job(jobID)
	if card == nil {
		return models.NotFoundf("there is no job with the id %s", jobID)
	}
	if card.State == landing.Running && polls {
		return Render(c, http.StatusOK, landing.CardFragment(*card, nil, nil, ""))
	}
	head, summary := *row, s.build.Summary
	head.Swapped, summary.Swapped = true, true
	return Render(c, http.StatusOK, landing.CardFragment(*card, &head, &summary, landing.Announcement(*card)))
}

// standing is how everything stands, as it was read once, and what was drawn of it.
type standing struct {
	build *landing.Build
	drawn drawn
}

// standing returns how everything stands, which many share for a moment.
func (h *Handlers) standing(ctx context.Context) (*standing, error) {
	return h.standingWithin(ctx, h.Shared)
}

func (h *Handlers) standingWithin(ctx context.Context, oldest time.Duration) (*standing, error) {
	return h.standings.get(ctx, oldest, func(ctx context.Context) (*standing, error) {
		facts, err := h.landingFacts(ctx)
		if err != nil {
			return nil, err
		}
		return &standing{build: landing.NewBuild(facts, h.Now())}, nil
	})
}

// Warm reads the past, which takes long where there is much of it, before somebody asks.
func (h *Handlers) Warm(ctx context.Context) {
	if _, err := h.standing(ctx); err != nil && ctx.Err() == nil {
		h.Log.Warn("the overview could not be read", "error", err)
	}
	h.Changed() // the schedule may not have been there yet
}

// Changed says that something was changed, so that the next look at what many share reads
// everything anew.
func (h *Handlers) Changed() {
	h.standings.changed()
	h.jobListings.changed()
	h.choices.changed()
	h.watched.changed()
}

// content draws one part of the page, without its frame, once for all who may do the same.
func (s *standing) content(ctx context.Context, v components.Viewer, part int) (string, error) {
	view := s.build.View(part) // of the parts that there are, whatever was asked for
	content, err := s.drawn.content(ctx, v, view.Parts.Part, func() templ.Component { return landing.Content(view) })
	if err != nil {
		return "", fmt.Errorf("draw the overview: %w", err)
	}
	return content, nil
}

func (h *Handlers) landingFacts(ctx context.Context) (f landing.Facts, err error) {
	summaries, err := h.Plans.JobStandings(ctx)
	if err != nil {
		return f, fmt.Errorf("list jobs: %w", err)
	}
	if f.Jobs, err = h.jobFacts(ctx, summaries); err != nil {
		return f, err
	}
	if f.Sources, err = h.Plans.Sources(ctx); err != nil {
		return f, fmt.Errorf("list sources: %w", err)
	}
	pasts, totals, err := h.pasts(ctx, summaries)
	if err != nil {
		return f, err
	}
	f.Pasts = pasts
	if f.Drives, err = h.driveStandings(ctx, totals); err != nil {
		return f, err
	}
	if f.Alarms, err = h.Proof.Alarms(ctx, true); err != nil {
		return f, fmt.Errorf("list alarms: %w", err)
	}
	f.Left, err = h.leftOfAll(ctx)
	return f, err
}

// leftOfAll returns what is set up and does not run: jobs first, for nothing else tells of
// those, and then what jobs need.
func (h *Handlers) leftOfAll(ctx context.Context) ([]landing.LeftOut, error) {
	items, err := h.allLeft(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what is left out: %w", err)
	}
	var all []landing.LeftOut
	for _, n := range []plan.Noun{jobs.Noun, plan.Sources, plan.Drives, plan.Notifiers} {
		for _, l := range leftOf(n, items) {
			all = append(all, landing.LeftOut{Kind: cmp.Or(n.Thing, n.One), Left: l})
		}
	}
	return all, nil
}

// driveStandings are what the overview knows of the configured drives. No drive is asked.
func (h *Handlers) driveStandings(ctx context.Context, totals map[string]models.DriveTotals) ([]landing.DriveFacts, error) {
	rows, err := h.Catalog.Drives(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := h.Drives.DriveChecks(ctx)
	if err != nil {
		return nil, fmt.Errorf("list checks of drives: %w", err)
	}
	found := make([]landing.DriveFacts, 0, len(rows))
	for _, d := range rows {
		f := landing.DriveFacts{ID: d.ID, Label: d.Label, Free: -1, Total: -1, Bytes: totals[d.ID].Bytes}
		if check, known := checks[d.ID]; known {
			f.Free, f.Total, f.Trouble = check.Free, check.Total, !check.Good()
			if f.Trouble && check.NeedsSignIn {
				_, _, refused := h.Catalog.SignIn(ctx, d.ID)
				f.NeedsSignIn = refused == nil
			}
		}
		found = append(found, f)
	}
	return found, nil
}
