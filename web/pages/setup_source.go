package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/views/setup"
	"github.com/backupman/backupman/views/sources"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/tasks"
)

// SetUp answers GET /setup, where the guided set-up begins.
func (h *Handlers) SetUp(c *gin.Context) error {
	all, err := h.sourceFacts(c.Request.Context())
	if err != nil {
		return err
	}
	v := setup.StartView{Page: h.page("Set up a backup", setup.Path)}
	v.Choices = plan.Choices(plan.Sources, h.Planner.Kinds(models.PlanSource), func(provider string) string {
		return setup.SourcePath + "?provider=" + provider
	})
	for _, f := range all {
		if len(f.Jobs) == 0 {
			v.Sources = append(v.Sources, sources.NewLine(f, h.Now()))
		}
	}
	return Render(c, http.StatusOK, setup.Start(v))
}

// SetUpSource answers GET /setup/source with the form of a kind of database.
func (h *Handlers) SetUpSource(c *gin.Context) error {
	provider := c.Query("provider")
	if provider == "" {
		return seeOther(c, setup.Path)
	}
	f := planForm{Facts: plan.Facts{Noun: plan.Sources, New: true, Draft: models.PlanDraft{Kind: models.PlanSource}}}
	var err error
	if f.Kind, err = h.kindOf(plan.Sources, provider); err != nil {
		return err
	}
	return h.showSetUpSource(c, http.StatusOK, &f)
}

// SaveSetUpSource answers POST /setup/source: it connects, saves what is reached, and goes
// on to the drives, or to the check when something is missing.
func (h *Handlers) SaveSetUpSource(c *gin.Context) error {
	f, err := h.readPlanForm(c, plan.Sources, "")
	if err != nil {
		return err
	}
	id, err := h.send(c, &f, reached)
	if err != nil {
		return err
	}
	if id == "" {
		return h.showSetUpSource(c, f.status, &f)
	}
	h.remember(c, &f, id)
	if f.Trial != nil && f.Trial.Good() {
		return seeOther(c, setup.DrivesOf(id))
	}
	return seeOther(c, setup.CheckPath(id))
}

// reached passes a database that answers, also when its account lacks something: the next
// step says what.
func reached(t models.Trial) bool { return t.Reached() }

func (h *Handlers) showSetUpSource(c *gin.Context, status int, f *planForm) error {
	v := setup.SourceView{Page: h.page("Set up a backup: the database", setup.Path), Form: h.view(c, f)}
	v.Form.Action = setup.SourcePath
	return Render(c, status, setup.Source(v))
}

// SetUpCheck answers GET /setup/check/:id with what was found of a source.
func (h *Handlers) SetUpCheck(c *gin.Context) error {
	fragment := IsFragment(c)
	v, said, err := h.setUpCheck(c)
	if err != nil {
		return err
	}
	if fragment {
		if v.Check.Checking {
			said = "" // it was said when the check began
		}
		return Render(c, http.StatusOK, setup.CheckStep(v, said))
	}
	return Render(c, http.StatusOK, setup.Check(v))
}

// SetUpCheckAgain answers POST /setup/check/:id.
func (h *Handlers) SetUpCheckAgain(c *gin.Context) error {
	fragment := IsFragment(c)
	f, err := h.sourceFact(c)
	if err != nil {
		return err
	}
	identity.Note(c, "source "+f.Source.Label, f.Source.ID, "")
	done := h.trySource(f.Source)
	if !fragment {
		tasks.Await(c.Request.Context(), done, checkPatience)
		return seeOther(c, setup.CheckPath(f.Source.ID))
	}
	tasks.Await(c.Request.Context(), done, checkLook)
	v, said, err := h.setUpCheck(c)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, setup.CheckStep(v, said))
}

func (h *Handlers) setUpCheck(c *gin.Context) (v setup.CheckView, said string, err error) {
	f, err := h.sourceFact(c)
	if err != nil {
		return v, "", err
	}
	return setup.NewCheckView(h.page("Set up a backup: check", setup.Path), f, h.Now()), sources.Announcement(f), nil
}
