package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Planner is what the API asks of the service that keeps what people set up.
type Planner interface {
	// Origin and Draft return models.ErrNotFound for what is not configured.
	Origin(ctx context.Context, kind models.PlanKind, label string) (models.Origin, error)
	// Draft has an empty secret for each that is set.
	Draft(ctx context.Context, kind models.PlanKind, label string) (models.PlanDraft, error)
	// LeftOut returns what is set up and does not run, with the reasons.
	LeftOut(ctx context.Context) ([]models.LeftItem, error)
	// Save returns the id. Its error is a models.FieldErrors when the draft has mistakes.
	Save(ctx context.Context, draft models.PlanDraft, isNew bool, by string) (id string, err error)
	// Remove returns models.ErrConflict while something depends on what goes.
	Remove(ctx context.Context, kind models.PlanKind, label, by string) error
}

// Sources is the envelope of the list of data sources.
type Sources struct {
	Results []Source `json:"Results"`
}

// Source is a data source as a list tells it.
type Source struct {
	ID       string `json:"Id"`
	Label    string `json:"Label"`
	Provider string `json:"Provider"`
	// Origin is "file" for what the configuration file names, and "page" for what is set up
	// on pages and by the API.
	Origin string `json:"Origin"`
}

// Planned is a source, a drive or a job as it is set up.
type Planned struct {
	ID    string `json:"Id"`
	Label string `json:"Label"`
	// Origin is as in Source. What the file names is changed there.
	Origin string `json:"Origin"`
	// Fields are what the configuration file says, or would say, by dotted keys such as
	// "retention.daily"; lists are one entry a line.
	Fields map[string]string `json:"Fields"`
	// Version changes with every save; empty for what the file names.
	Version string `json:"Version"`
	// SecretsSet are the names of the secrets that are set. They are never told.
	SecretsSet []string `json:"SecretsSet"`
}

// change is what a request sets up.
type change struct {
	Label  string            `json:"Label"`
	Fields map[string]string `json:"Fields"`
	// Secrets are set by their names; one that is not there stays as it is.
	Secrets map[string]string `json:"Secrets"`
	// Forget are the secrets that are taken away.
	Forget []string `json:"Forget"`
	// Version is that of what was read; when it was saved again since, nothing is changed. If-Match
	// says the same.
	Version string `json:"Version"`
	// Moved says of a drive whose place changes that its copies were moved there.
	Moved bool `json:"Moved"`
}

const changeExample = `{"Label": "shop", "Fields": {"provider": "mysql", "db_name": "shop"}, "Secrets": {"password": "…"}}`

func (r change) draft(kind models.PlanKind) models.PlanDraft {
	d := models.PlanDraft{Kind: kind, Label: r.Label, Fields: models.Settings(r.Fields), Secrets: map[string]models.Secret{}, Forget: r.Forget, Moved: r.Moved, Version: r.Version}
	for name, text := range r.Secrets {
		d.Secrets[name] = models.NewSecret(text)
	}
	return d
}

// ListSources answers GET /api/sources, by label.
func (h *Handlers) ListSources(c *gin.Context) error {
	rows, err := h.Store.Sources(c.Request.Context())
	if err != nil {
		return err
	}
	found := make([]Source, 0, len(rows))
	for _, s := range rows {
		origin, err := h.Planner.Origin(c.Request.Context(), models.PlanSource, s.Label)
		if err != nil {
			continue // of another process's configuration
		}
		found = append(found, Source{ID: s.ID, Label: s.Label, Provider: s.Provider, Origin: string(origin)})
	}
	c.PureJSON(http.StatusOK, Sources{Results: found})
	return nil
}

// ShowPlanned answers GET /api/sources/:id/config, and the same of drives and jobs.
func (h *Handlers) ShowPlanned(kind models.PlanKind) func(*gin.Context) error {
	return func(c *gin.Context) error {
		id, label, err := h.plannedOf(c, kind)
		if err != nil {
			return err
		}
		return h.answerPlanned(c, http.StatusOK, kind, id, label)
	}
}

// CreatePlanned answers POST /api/sources, and the same of drives and jobs.
func (h *Handlers) CreatePlanned(kind models.PlanKind) func(*gin.Context) error {
	return func(c *gin.Context) error {
		var body change
		if err := readObject(c.Request.Body, &body, changeExample); err != nil {
			return err
		}
		identity.Note(c, string(kind)+" "+body.Label, "", "")
		id, err := h.Planner.Save(c.Request.Context(), body.draft(kind), true, identity.Of(c).Name)
		if err != nil {
			return err
		}
		identity.Note(c, string(kind)+" "+body.Label, id, "")
		return h.answerPlanned(c, http.StatusCreated, kind, id, body.Label)
	}
}

// ChangePlanned answers PUT /api/sources/:id/config, and the same of drives and jobs: its
// fields take the place of all that were there.
func (h *Handlers) ChangePlanned(kind models.PlanKind) func(*gin.Context) error {
	return func(c *gin.Context) error {
		id, label, err := h.plannedOf(c, kind)
		if err != nil {
			return err
		}
		var body change
		if err := readObject(c.Request.Body, &body, changeExample); err != nil {
			return err
		}
		if body.Label != "" && body.Label != label {
			return models.Invalidf("a label does not change: leave Label out, or add another %s with POST", kind)
		}
		body.Label = label
		if body.Version == "" {
			body.Version = matched(c.GetHeader("If-Match"))
		}
		if _, err := h.Planner.Save(c.Request.Context(), body.draft(kind), false, identity.Of(c).Name); err != nil {
			return err
		}
		return h.answerPlanned(c, http.StatusOK, kind, id, label)
	}
}

// matched is the version in a header such as "abc"; empty for none, and for * that takes any.
func matched(header string) string {
	if header == "*" {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(header, "W/"), `"`)
}

// RemovePlanned answers DELETE /api/sources/:id, and the same of drives and jobs. Backups
// and copies stay.
func (h *Handlers) RemovePlanned(kind models.PlanKind) func(*gin.Context) error {
	return func(c *gin.Context) error {
		_, label, err := h.plannedOf(c, kind)
		if err != nil {
			return err
		}
		if err := h.Planner.Remove(c.Request.Context(), kind, label, identity.Of(c).Name); err != nil {
			return err
		}
		c.Status(http.StatusNoContent)
		return nil
	}
}

func (h *Handlers) answerPlanned(c *gin.Context, status int, kind models.PlanKind, id, label string) error {
	draft, err := h.Planner.Draft(c.Request.Context(), kind, label)
	if err != nil {
		return err
	}
	origin, err := h.Planner.Origin(c.Request.Context(), kind, label)
	if err != nil {
		return err
	}
	fields := map[string]string{}
	for name, value := range draft.Fields {
		fields[name] = models.WithoutUser(value) // a file may have addresses with passwords in them
	}
	if draft.Version != "" {
		c.Header("ETag", `"`+draft.Version+`"`)
	}
	c.PureJSON(status, Planned{Version: draft.Version, ID: id, Label: label, Origin: string(origin), Fields: fields,
		SecretsSet: list(slices.Sorted(maps.Keys(draft.Secrets)))})
	return nil
}

// plannedOf finds the label of what the path names, and notes it for the audit log.
func (h *Handlers) plannedOf(c *gin.Context, kind models.PlanKind) (id, label string, err error) {
	if id, err = pathID(c); err != nil {
		return id, "", err
	}
	if label, err = h.labelOf(c.Request.Context(), kind, id); err == nil {
		identity.Note(c, string(kind)+" "+label, id, "")
	}
	return id, label, err
}

func (h *Handlers) labelOf(ctx context.Context, kind models.PlanKind, id string) (string, error) {
	labels := map[string]string{}
	switch kind {
	case models.PlanJob:
		job, err := h.Store.Job(ctx, id)
		return job.Label, err
	case models.PlanSource:
		rows, err := h.Store.Sources(ctx)
		if err != nil {
			return "", err
		}
		for _, s := range rows {
			labels[s.ID] = s.Label
		}
	default:
		rows, err := h.Store.Drives(ctx)
		if err != nil {
			return "", err
		}
		for _, d := range rows {
			labels[d.ID] = d.Label
		}
	}
	if label, ok := labels[id]; ok {
		return label, nil
	}
	return "", models.NotFoundf("there is no %s with the id %s", kind, id)
}
