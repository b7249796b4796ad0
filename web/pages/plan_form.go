package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/identity"
)

// tryTime bounds how long trying a source or a drive may take.
const tryTime = time.Minute

// planForm is the form of a source or a drive as it was sent, and what came of it.
type planForm struct {
	plan.Facts
	// stored are the names of the secrets that are set already.
	stored []string
	do     string
	status int
}

// kindOf returns a kind of sources or drives.
func (h *Handlers) kindOf(n plan.Noun, provider string) (models.Kind, error) {
	for _, k := range h.Planner.Kinds(n.Kind) {
		if k.Provider == provider {
			return k, nil
		}
	}
	return models.Kind{}, models.NotFoundf("there is no kind of %s called %q", n.One, provider)
}

// session tells sessions apart for what is remembered between two forms.
func (h *Handlers) session(c *gin.Context) string {
	return h.Cookies.Session(c) + " " + identity.Of(c).ID
}

// purpose is what secrets that were typed into a form are for: no other form takes them.
func (f planForm) purpose() string {
	if f.New {
		return "new " + string(f.Noun.Kind) + " " + f.Kind.Provider
	}
	return string(f.Noun.Kind) + " " + f.Kind.Provider + " " + f.Draft.Label
}

// readPlanForm reads a form that was sent. An empty label means that something new is made;
// otherwise it is that of what is changed.
func (h *Handlers) readPlanForm(c *gin.Context, n plan.Noun, label string) (planForm, error) {
	if err := form(c); err != nil {
		return planForm{}, err
	}
	f := planForm{Facts: plan.Facts{Noun: n, New: label == ""}, do: field(c, "do"), status: http.StatusUnprocessableEntity}
	provider := field(c, "provider")
	if !f.New {
		present, err := h.Planner.Draft(c.Request.Context(), n.Kind, label)
		if err != nil {
			return f, err
		}
		provider, f.stored = present.Fields["provider"], secretNames(present)
	}
	var err error
	if f.Kind, err = h.kindOf(n, provider); err != nil {
		return f, err
	}
	f.Draft = models.PlanDraft{Kind: n.Kind, Label: label}
	f.Draft.Fields, f.Draft.Secrets, f.Draft.Forget = readSettings(f.Kind, c.Request.PostForm)
	f.Draft.Version = field(c, plan.VersionField)
	f.Draft.Fields["provider"], f.Draft.Moved = provider, field(c, plan.MovedField) == "true"
	if f.New {
		f.Draft.Label = strings.TrimSpace(field(c, "label"))
	}
	h.recall(c, &f)
	return f, nil
}

func secretNames(d models.PlanDraft) []string {
	var names []string
	for name := range d.Secrets {
		names = append(names, name)
	}
	return names
}

// recall adds the secrets that were typed into the form before.
func (h *Handlers) recall(c *gin.Context, f *planForm) {
	token := field(c, plan.TypedField)
	if token == "" {
		return
	}
	found := h.Typed.Look(token, h.session(c), f.purpose())
	if found == nil && len(f.Draft.Secrets) == 0 {
		f.Problem = "What was typed into the secret fields is not remembered any more: type it again."
		return
	}
	for name, s := range found {
		if _, again := f.Draft.Secrets[name]; !again {
			f.Draft.Secrets[name] = s
		}
	}
	f.Token = token
}

// send does what a form was sent for: it tries what was filled in, or saves it, or both.
// passable says which trials are good enough. It returns the id of what was saved, and
// nothing when the form is to be shown again.
func (h *Handlers) send(c *gin.Context, f *planForm, passable func(models.Trial) bool) (id string, err error) {
	if f.Problem != "" {
		return "", nil
	}
	draft := f.Draft
	if draft.Label == "" {
		draft.Label = h.freeLabel(c.Request.Context(), f.Noun.Kind, suggestLabel(f.Kind, draft.Fields))
	}
	identity.Note(c, f.Noun.One+" "+draft.Label, "", "")
	if err := h.Planner.Check(c.Request.Context(), draft, f.New); err != nil {
		return "", f.refused(c, err)
	}
	if f.do != plan.DoAnyway {
		if good, err := h.tried(c, f, draft, passable); !good || err != nil {
			return "", err
		}
	}
	id, err = h.Planner.Save(c.Request.Context(), draft, f.New, identity.Of(c).Name)
	if err != nil {
		return "", f.refused(c, err)
	}
	identity.Note(c, f.Noun.One+" "+draft.Label, id, "")
	h.Typed.Take(field(c, plan.TypedField), h.session(c), f.purpose())
	return id, nil
}

// tried reports whether a draft was tried and may be saved now.
func (h *Handlers) tried(c *gin.Context, f *planForm, draft models.PlanDraft, passable func(models.Trial) bool) (bool, error) {
	trial, err := h.try(c.Request.Context(), draft)
	if err != nil {
		return false, f.refused(c, err)
	}
	f.Trial = &trial
	if f.do == plan.DoTry {
		identity.NoteAction(c, string(f.Noun.Kind)+".try")
		f.status = http.StatusOK
		f.Anyway = !trial.Good()
		return false, nil
	}
	if trial.Good() || passable(trial) {
		return true, nil
	}
	f.Anyway = true
	identity.NoteRefusal(c, "it was tried, and does not work: "+trialWords(trial))
	return false, nil
}

// try tries a draft, for no longer than a person waits.
func (h *Handlers) try(ctx context.Context, draft models.PlanDraft) (models.Trial, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	trial, err := h.Planner.Try(ctx, draft)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil {
		return models.Trial{Error: fmt.Sprintf("it did not answer within %s: see whether it can be reached from this machine", human.Duration(tryTime)), Took: tryTime}, nil
	}
	return trial, err
}

// trialWords says why a trial was not good.
func trialWords(t models.Trial) string {
	switch {
	case t.Error != "":
		return t.Error
	case t.Drive != nil && t.Drive.Error != "":
		return t.Drive.Error
	case t.Source != nil:
		return strings.Join(t.Source.Problems, "; ")
	}
	return ""
}

// refused keeps what is wrong with a form, and returns an error that is no fault of
// whoever sent it.
func (f *planForm) refused(c *gin.Context, err error) error {
	var fields models.FieldErrors
	if errors.As(err, &fields) {
		f.Problems = fields
		identity.NoteRefusal(c, fields.Error())
		return nil
	}
	why, refused := refusal(c, err)
	if !refused {
		return err
	}
	f.Draft.Version = versionAfter(err, f.Draft.Version)
	f.Problem, f.status = why.Sentence, faultStatus(why)
	return nil
}

// versionAfter is the version of the form that is shown again: whoever was told what has
// been saved meanwhile may replace it.
func versionAfter(err error, version string) string {
	var outdated *models.OutdatedError
	if errors.As(err, &outdated) {
		return outdated.Version
	}
	return version
}

// freeLabel returns a label like the wanted one that nothing has yet.
func (h *Handlers) freeLabel(ctx context.Context, kind models.PlanKind, wanted string) string {
	label := wanted
	for n := 2; n < 100; n++ {
		if _, err := h.Planner.Origin(ctx, kind, label); errors.Is(err, models.ErrNotFound) {
			break
		}
		label = wanted + "-" + strconv.Itoa(n)
	}
	return label
}

// view makes the form that is shown again: what was typed stays, but for secrets, of which
// a token is sent.
func (h *Handlers) view(c *gin.Context, f *planForm) plan.FormView {
	facts := f.Facts
	if typed := h.typedAnew(c, f); typed {
		facts.Token = h.Typed.Keep(h.session(c), f.purpose(), f.Draft.Secrets)
	}
	facts.Draft.Secrets = map[string]models.Secret{}
	for _, name := range f.stored {
		facts.Draft.Secrets[name] = models.Secret{}
	}
	for name, s := range f.Draft.Secrets {
		facts.Draft.Secrets[name] = s
	}
	return plan.NewFormView(facts)
}

// typedAnew reports whether a form brought secrets that its token does not stand for.
func (h *Handlers) typedAnew(c *gin.Context, f *planForm) bool {
	before := h.Typed.Look(f.Token, h.session(c), f.purpose())
	for name, s := range f.Draft.Secrets {
		if !before[name].Equal(s) {
			return true
		}
	}
	return false
}
