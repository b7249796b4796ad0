package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/tasks"
)

// NewSource answers GET /sources/new: which kind, and then the form.
func (h *Handlers) NewSource(c *gin.Context) error { return h.newItem(c, plan.Sources) }

// NewDrive answers GET /drives/new.
func (h *Handlers) NewDrive(c *gin.Context) error { return h.newItem(c, plan.Drives) }

// AddSource answers POST /sources/new.
func (h *Handlers) AddSource(c *gin.Context) error { return h.addItem(c, plan.Sources) }

// AddDrive answers POST /drives/new.
func (h *Handlers) AddDrive(c *gin.Context) error { return h.addItem(c, plan.Drives) }

func (h *Handlers) newItem(c *gin.Context, n plan.Noun) error {
	return h.newOf(c, n, func(id string) (string, error) {
		at, err := h.item(c.Request.Context(), n, id)
		return at.Label, err
	}, h.showNew)
}

// newOf shows which kinds there are and, once one is chosen, the form of a new thing; or that
// of a copy, but for its secrets, of what a request names, whose label is asked for.
func (h *Handlers) newOf(c *gin.Context, n plan.Noun, label func(from string) (string, error), show func(*gin.Context, int, *planForm) error) error {
	f := planForm{Facts: plan.Facts{Noun: n, New: true, Draft: models.PlanDraft{Kind: n.Kind}}}
	provider := c.Query("provider")
	if from := c.Query("from"); from != "" {
		copied, err := label(from)
		if err != nil {
			return err
		}
		if f.Draft, err = h.Planner.Draft(c.Request.Context(), n.Kind, copied); err != nil {
			return err
		}
		f.Draft.Label, f.Draft.Secrets, f.Draft.Version = h.freeLabel(c.Request.Context(), n.Kind, copied+"-copy"), nil, ""
		provider = f.Draft.Fields["provider"]
	}
	if provider == "" {
		page := h.page("Add a "+n.Thing, n.Path)
		return Render(c, http.StatusOK, plan.Choose(plan.ChooseView{Page: page, Noun: n, Choices: plan.Choices(n, h.Planner.Kinds(n.Kind), n.NewOf)}))
	}
	var err error
	if f.Kind, err = h.kindOf(n, provider); err != nil {
		return err
	}
	return show(c, http.StatusOK, &f)
}

func (h *Handlers) addItem(c *gin.Context, n plan.Noun) error {
	f, err := h.readPlanForm(c, n, "")
	if err != nil {
		return err
	}
	id, err := h.send(c, &f, nothing)
	if err != nil {
		return err
	}
	if id == "" {
		return h.showNew(c, f.status, &f)
	}
	return h.saved(c, &f, id)
}

// nothing is for forms that save only what works as it is.
func nothing(models.Trial) bool { return false }

// saved remembers what trying found and leads to the page of what was saved.
func (h *Handlers) saved(c *gin.Context, f *planForm, id string) error {
	h.remember(c, f, id)
	return seeOther(c, f.Noun.Show(id)+"?done=saved")
}

// remember lets pages show what trying found of what was then saved; a drive is checked,
// which records it.
func (h *Handlers) remember(c *gin.Context, f *planForm, id string) {
	switch {
	case f.Noun.Kind == models.PlanDrive:
		h.Catalog.Reopen(id)
		tasks.Await(c.Request.Context(), h.check(id), checkLook)
	case f.Trial != nil:
		h.Trials.Put(id, *f.Trial)
	default:
		h.Trials.Forget(id)
	}
}

func (h *Handlers) showNew(c *gin.Context, status int, f *planForm) error {
	v := h.view(c, f)
	v.Page, v.Heading = h.page("Add a "+f.Noun.Thing, f.Noun.Path), "Add a "+f.Noun.Thing+": "+f.Kind.Name
	v.Lead = "What you fill in is tried before it is saved. Secrets are stored encrypted and never shown again."
	v.Back, v.BackLabel, v.Action = f.Noun.New(), "Other kinds", f.Noun.New()
	return Render(c, status, plan.Edit(v))
}

// CheckSourceField answers POST /sources/field with the remark of one field of a form that
// is being filled in. It changes nothing; what was typed is not for an address.
func (h *Handlers) CheckSourceField(c *gin.Context) error { return h.checkField(c, plan.Sources) }

// CheckDriveField answers POST /drives/field.
func (h *Handlers) CheckDriveField(c *gin.Context) error { return h.checkField(c, plan.Drives) }

func (h *Handlers) checkField(c *gin.Context, n plan.Noun) error {
	if err := form(c); err != nil {
		return err
	}
	label := ""
	if field(c, "existing") == "true" {
		label = field(c, "label")
	}
	f, err := h.readPlanForm(c, n, label)
	if err != nil {
		return err
	}
	draft := f.Draft
	if draft.Label == "" {
		draft.Label = h.freeLabel(c.Request.Context(), n.Kind, suggestLabel(f.Kind, draft.Fields))
	}
	if err := h.Planner.Check(c.Request.Context(), draft, f.New); err != nil {
		if err := f.refused(c, err); err != nil {
			return err
		}
	}
	v := plan.NewFormView(f.Facts)
	name := c.GetHeader("HX-Trigger-Name")
	if name == "label" {
		return Render(c, http.StatusOK, components.Remark(v.Label))
	}
	shown, known := v.Settings.Field(name)
	if !known {
		return models.Invalidf("there is no field %q to check", name)
	}
	return Render(c, http.StatusOK, components.Remark(shown.Field))
}
