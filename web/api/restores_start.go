package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// restoreRequest is what POST /api/backups/:id/restore takes.
type restoreRequest struct {
	Target struct {
		// Kind is "source", "new" or "file".
		Kind string `json:"Kind"`
		// Source is the label or id of a data source; empty for the backup's own.
		Source string `json:"Source"`
		// Name is the new database, or the path of the file.
		Name string `json:"Name"`
	} `json:"Target"`
	// Copy is a drive file's id; empty for the fastest good one.
	Copy          string      `json:"Copy"`
	Tables        []tableName `json:"Tables"`
	Replace       bool        `json:"Replace"`
	WithoutSafety bool        `json:"WithoutSafety"`
	Confirm       string      `json:"Confirm"`
	unlock
}

// unlock opens an encrypted backup. It is never told again.
type unlock struct {
	// Identity is an age identity file: the private key.
	Identity string `json:"Identity"`
	// Passphrase is that of a backup which was encrypted with one.
	Passphrase string `json:"Passphrase"`
}

func (u unlock) secrets() models.Unlock {
	return models.Unlock{Identity: models.NewSecret(u.Identity), Passphrase: models.NewSecret(u.Passphrase)}
}

// tableName is "SCHEMA.TABLE", or an object where a part of the name holds a dot.
type tableName models.TableName

// UnmarshalJSON reads either form.
func (t *tableName) UnmarshalJSON(text []byte) error {
	var words string
	if json.Unmarshal(text, &words) != nil {
		return strict(bytes.NewReader(text), (*models.TableName)(t))
	}
	name, err := models.ParseTableName(words)
	*t = tableName(name)
	return err
}

const restoreExample = `{"Target": {"Kind": "new", "Name": "shop_restored"}, "Confirm": "shop_restored"}`

// StartRestore answers POST /api/backups/:id/restore with 202 and the restore. With
// ?plan=true it answers with what the restore would do, and touches nothing; Confirm is
// then not asked for, but told.
func (h *Handlers) StartRestore(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	planned, err := onlyPlan(c)
	if err != nil {
		return err
	}
	var body restoreRequest
	if err := readObject(c.Request.Body, &body, restoreExample); err != nil {
		return err
	}
	req, err := h.restoreRequest(c.Request.Context(), id, body)
	if len(identity.Jobs(c)) > 0 && errors.Is(err, models.ErrNotFound) {
		return errOtherSource
	}
	if err != nil {
		return err
	}
	if err := h.keptToOwnSource(c, req); err != nil {
		return err
	}
	if planned {
		identity.NoteAction(c, "restore.plan")
		return h.planRestore(c, req)
	}
	if err := identity.RequireRestore(c, req); err != nil {
		return err
	}
	if err := identity.Record(c); err != nil {
		return err
	}
	r, err := h.Restores.Start(c.Request.Context(), req)
	if err != nil {
		return err
	}
	identity.Note(c, "restore of "+r.Label, r.ID, "into "+r.TargetName)
	c.PureJSON(http.StatusAccepted, NewRestore(r))
	return nil
}

var errOtherSource error = &models.Fault{Kind: models.ErrForbidden,
	Sentence: "a key for some jobs restores on the server that the backup is of, or into a file: leave Target.Source out"}

// keptToOwnSource keeps a key for some jobs to the server that a backup came from.
func (h *Handlers) keptToOwnSource(c *gin.Context, req models.RestoreRequest) error {
	if len(identity.Jobs(c)) == 0 || req.Target.SourceID == "" {
		return nil
	}
	b, err := h.Store.Backup(c.Request.Context(), req.BackupID)
	if err == nil && b.SourceID != req.Target.SourceID {
		return errOtherSource
	}
	return err
}

func onlyPlan(c *gin.Context) (is bool, err error) {
	err = setAll(c.Request.URL.Query(), map[string]func(string) error{"Plan": func(v string) error {
		if is, err = strconv.ParseBool(v); err != nil {
			return models.Invalidf("Plan must be true or false")
		}
		return nil
	}})
	return is, err
}

func (h *Handlers) planRestore(c *gin.Context, req models.RestoreRequest) error {
	plan, err := h.Restores.Plan(c.Request.Context(), req)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewRestorePlan(plan))
	return nil
}

// restoreRequest makes a request of what was sent. What is missing for the kind of
// target is the service's to say.
func (h *Handlers) restoreRequest(ctx context.Context, id string, body restoreRequest) (req models.RestoreRequest, err error) {
	req = models.RestoreRequest{
		BackupID: id, DriveFileID: body.Copy, Replace: body.Replace, WithoutSafety: body.WithoutSafety, Confirm: body.Confirm, Unlock: body.secrets(), Trigger: models.TriggerAPI,
		Target: models.RestoreTarget{Kind: models.TargetKind(body.Target.Kind), Name: body.Target.Name},
	}
	if !slices.Contains([]models.TargetKind{models.TargetSource, models.TargetNew, models.TargetFile}, req.Target.Kind) {
		return req, models.Invalidf("%q is no kind of target: use source, new or file in Target.Kind", body.Target.Kind)
	}
	if body.Copy != "" {
		if err := models.CheckID(body.Copy); err != nil {
			return req, err
		}
	}
	for _, t := range body.Tables {
		req.Tables = append(req.Tables, models.TableName(t))
	}
	if body.Target.Source != "" {
		req.Target.SourceID, err = h.sourceID(ctx, body.Target.Source)
	}
	return req, err
}

// sourceID finds a data source by its label or its id. A label wins, because people
// choose it.
func (h *Handlers) sourceID(ctx context.Context, name string) (string, error) {
	all, err := h.Store.Sources(ctx)
	if err != nil {
		return "", err
	}
	for _, is := range []func(models.Source) bool{
		func(s models.Source) bool { return s.Label == name },
		func(s models.Source) bool { return s.ID == name },
	} {
		if i := slices.IndexFunc(all, func(s models.Source) bool { return s.RemovedAt == nil && is(s) }); i >= 0 {
			return all[i].ID, nil
		}
	}
	return "", models.NotFoundf("there is no data source with the label or id %q in the configuration", name)
}
