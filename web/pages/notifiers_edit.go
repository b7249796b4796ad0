package pages

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/notifiers"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/identity"
)

// NewNotifier answers GET /notifiers/new: which kind, and then the form.
func (h *Handlers) NewNotifier(c *gin.Context) error {
	n := plan.Notifiers
	f := planForm{Facts: plan.Facts{Noun: n, New: true, Draft: models.PlanDraft{Kind: n.Kind}}}
	provider := c.Query("provider")
	if from := c.Query("from"); from != "" {
		draft, err := h.Planner.Draft(c.Request.Context(), n.Kind, from)
		if err != nil {
			return err
		}
		draft.Label, draft.Secrets, draft.Version = h.freeLabel(c.Request.Context(), n.Kind, from+"-copy"), nil, ""
		f.Draft, provider = draft, draft.Fields["provider"]
	}
	if provider == "" {
		page := h.page("Add a notifier", n.Path)
		return Render(c, http.StatusOK, plan.Choose(plan.ChooseView{Page: page, Noun: n, Choices: plan.Choices(n, h.Planner.Kinds(n.Kind), n.NewOf)}))
	}
	var err error
	if f.Kind, err = h.kindOf(n, provider); err != nil {
		return err
	}
	return h.showNotifier(c, http.StatusOK, &f)
}

// AddNotifier answers POST /notifiers/new.
func (h *Handlers) AddNotifier(c *gin.Context) error {
	f, err := h.readPlanForm(c, plan.Notifiers, "")
	if err != nil {
		return err
	}
	return h.saveNotifier(c, &f)
}

// EditNotifier answers GET /notifiers/:id/edit.
func (h *Handlers) EditNotifier(c *gin.Context) error {
	n, err := h.changeableNotifier(c)
	if err != nil {
		return err
	}
	draft, err := h.Planner.Draft(c.Request.Context(), models.PlanNotifier, n.Label)
	if err != nil {
		return err
	}
	f := planForm{Facts: plan.Facts{Noun: plan.Notifiers, Draft: draft}, stored: secretNames(draft)}
	f.Draft.Secrets = map[string]models.Secret{}
	if f.Kind, err = h.kindOf(plan.Notifiers, draft.Fields["provider"]); err != nil {
		return err
	}
	return h.showNotifier(c, http.StatusOK, &f)
}

// ChangeNotifier answers POST /notifiers/:id/edit.
func (h *Handlers) ChangeNotifier(c *gin.Context) error {
	n, err := h.changeableNotifier(c)
	if err != nil {
		return err
	}
	f, err := h.readPlanForm(c, plan.Notifiers, n.Label)
	if err != nil {
		return err
	}
	return h.saveNotifier(c, &f)
}

// changeableNotifier returns the one in the path, or models.ErrConflict when it is in the
// configuration file.
func (h *Handlers) changeableNotifier(c *gin.Context) (models.Notifier, error) {
	n, err := h.notifier(c)
	if errors.Is(err, models.ErrNotFound) {
		left, found, lookErr := h.leftItem(c.Request.Context(), plan.Notifiers, c.Param("id"))
		if found || lookErr != nil {
			return models.Notifier{Label: left.Label}, lookErr
		}
	}
	if err != nil {
		return n, err
	}
	from, err := h.origin(c.Request.Context(), models.PlanNotifier, n.Label)
	if err == nil && from == models.OriginFile {
		err = models.Conflictf("the notifier %q is named in the configuration file: change it there, and the running server follows, or duplicate it and change the duplicate here", n.Label)
	}
	return n, err
}

// saveNotifier keeps what was sent, or shows the form again.
func (h *Handlers) saveNotifier(c *gin.Context, f *planForm) error {
	readEvents(c, f)
	saved, err := h.keepNotifier(c, f)
	if err != nil {
		return err
	}
	if !saved {
		return h.showNotifier(c, f.status, f)
	}
	if f.do != plan.DoTry {
		return seeOther(c, notifiers.Path+"?done=saved")
	}
	sent, err := h.Notify.Test(c.Request.Context(), f.Draft.Label)
	if err != nil {
		return err
	}
	return seeOther(c, tested(sent))
}

// readEvents reads which events of which jobs were chosen.
func readEvents(c *gin.Context, f *planForm) {
	for _, name := range []string{notifiers.FieldEvents, notifiers.FieldJobs} {
		f.Draft.Fields[name] = strings.Join(c.Request.PostForm[name], "\n")
	}
}

// keepNotifier checks and keeps what was sent; false when the form is to be shown again.
func (h *Handlers) keepNotifier(c *gin.Context, f *planForm) (bool, error) {
	if f.Problem != "" {
		return false, nil
	}
	draft := f.Draft
	if draft.Label == "" {
		draft.Label = h.freeLabel(c.Request.Context(), models.PlanNotifier, labelOf(*f))
	}
	identity.Note(c, "notifier "+draft.Label, "", "")
	draft.Fields = maps.Clone(f.Draft.Fields)
	if draft.Fields[notifiers.FieldEvents] == notifiers.Usual() {
		delete(draft.Fields, notifiers.FieldEvents) // so that it stays what is usual
	}
	if draft.Fields[notifiers.FieldJobs] == "" {
		delete(draft.Fields, notifiers.FieldJobs)
	}
	wrong := mistakesIn(*f)
	err := h.Planner.Check(c.Request.Context(), draft, f.New)
	var more models.FieldErrors
	if err != nil && !errors.As(err, &more) {
		return false, f.refused(c, err)
	}
	maps.Copy(wrong, more)
	if len(wrong) > 0 {
		return false, f.refused(c, wrong)
	}
	if _, err := h.Planner.Save(c.Request.Context(), draft, f.New, identity.Of(c).Name); err != nil {
		return false, f.refused(c, err)
	}
	h.Typed.Take(field(c, plan.TypedField), h.session(c), f.purpose())
	f.Draft.Label = draft.Label
	return true, nil
}

// labelOf is what a notifier is called whose name was not typed: who gets the mail, or what
// reads it.
func labelOf(f planForm) string {
	to, _, _ := strings.Cut(f.Draft.Fields["to"], ",")
	label := cmp.Or(to, f.Draft.Fields["format"], f.Kind.Provider)
	return strings.NewReplacer("/", "-", `\`, "-").Replace(strings.TrimSpace(label))
}

// mistakesIn are those that the types of settings do not tell.
func mistakesIn(f planForm) models.FieldErrors {
	n := models.Notifier{Label: f.Draft.Label, Provider: f.Kind.Provider, Settings: maps.Clone(f.Draft.Fields)}
	for _, name := range f.stored {
		if !slices.Contains(f.Draft.Forget, name) {
			n.Settings[name] = "${secret:" + name + "}"
		}
	}
	for name, s := range f.Draft.Secrets {
		n.Settings[name] = s.Reveal()
	}
	wrong := notify.Check(n)
	if f.Draft.Fields[notifiers.FieldEvents] == "" {
		wrong[notifiers.FieldEvents] = "choose at least one event"
	}
	if label := f.Draft.Label; strings.ContainsAny(label, `/\`) || label == "." || label == ".." {
		wrong["label"] = "a name has no slashes, and is more than dots"
	}
	return wrong
}

func (h *Handlers) showNotifier(c *gin.Context, status int, f *planForm) error {
	jobs, err := h.Plans.Jobs(c.Request.Context())
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	v := notifiers.NewFormView(h.view(c, f), f.Draft, jobs, f.Problems)
	v.Lead = "Secrets are stored encrypted and never shown again."
	v.Back, v.BackLabel = notifiers.Path, "Notifications"
	if f.New {
		v.Page, v.Heading = h.page("Add a notifier", notifiers.Path), "Add a notifier: "+f.Kind.Name
		v.Back, v.BackLabel, v.Action = f.Noun.New(), "Other kinds", f.Noun.New()
	} else {
		v.Page, v.Heading = h.page("Edit "+f.Draft.Label, notifiers.Path), "Edit "+f.Draft.Label
		v.Action = f.Noun.Edit(notifiers.Key(f.Draft.Label))
	}
	return Render(c, status, notifiers.Edit(v))
}

// AskNotifier answers GET /notifiers/:id/delete.
func (h *Handlers) AskNotifier(c *gin.Context) error {
	n, err := h.changeableNotifier(c)
	if err != nil {
		return err
	}
	return h.showRemoveNotifier(c, http.StatusOK, n.Label, "")
}

// RemoveNotifier answers POST /notifiers/:id/delete.
func (h *Handlers) RemoveNotifier(c *gin.Context) error {
	n, err := h.changeableNotifier(c)
	if err != nil {
		return err
	}
	identity.Note(c, "notifier "+n.Label, "", "")
	err = h.Planner.Remove(c.Request.Context(), models.PlanNotifier, n.Label, identity.Of(c).Name)
	if why, refused := refusal(c, err); refused {
		return h.showRemoveNotifier(c, faultStatus(why), n.Label, human.Sentence(why.Sentence))
	}
	if err != nil {
		return err
	}
	return seeOther(c, notifiers.Path+"?done=removed")
}

func (h *Handlers) showRemoveNotifier(c *gin.Context, status int, label, problem string) error {
	v := plan.RemoveView{Page: h.page("Delete "+label, notifiers.Path), Noun: plan.Notifiers, ID: notifiers.Key(label), Label: label, Problem: problem,
		Stays: "Nothing is sent there any more. What was sent stays in the list for 90 days."}
	return Render(c, status, plan.Remove(v))
}
