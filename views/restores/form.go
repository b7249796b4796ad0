package restores

import (
	"net/url"
	"strings"

	"github.com/backupman/backupman/models"
)

// Into is the kind of target that a person chose.
type Into string

// The choices of a target.
const (
	// IntoNew is a new database on the server of a data source.
	IntoNew Into = "new"
	// IntoOriginal is the database that the backup is of.
	IntoOriginal Into = "original"
	// IntoOther is the database of another data source.
	IntoOther Into = "other"
	// IntoFile is a new file.
	IntoFile Into = "file"
)

// Existing is what a person wants done with what the target holds.
type Existing string

// The choices for what is there.
const (
	// KeepExisting refuses a target that holds something.
	KeepExisting Existing = ""
	// ReplaceSafely overwrites it after a safety backup.
	ReplaceSafely Existing = "safely"
	// ReplaceUnsafely overwrites it.
	ReplaceUnsafely Existing = "unsafely"
)

// Form is what a person asked for, as it was typed. Its address is the form: nothing
// of it is kept on the server, and an error takes nothing of it away.
type Form struct {
	// BackupID is what is restored, or UploadID.
	BackupID, UploadID string
	// Copy is a drive file's id; empty for the fastest.
	Copy string
	Into Into
	// Server is the data source of IntoNew, Other that of IntoOther.
	Server, Other string
	// Database is the name for IntoNew, File that of IntoFile.
	Database, File string
	// Tables are those to restore; none stands for everything.
	Tables []models.TableName
	// Find narrows the list of tables to choose from.
	Find     string
	Existing Existing
	// Planned says that the plan is asked for, and not the form.
	Planned bool
}

// ParseForm reads a form from an address. What is not one of the choices is the first.
func ParseForm(q url.Values) Form {
	f := Form{
		UploadID: q.Get("upload"), Copy: q.Get("copy"), Into: Into(q.Get("into")), Server: q.Get("server"), Other: q.Get("other"),
		Database: strings.TrimSpace(q.Get("database")), File: strings.TrimSpace(q.Get("file")), Find: q.Get("find"),
		Existing: Existing(q.Get("existing")), Planned: q.Get("step") == "plan",
	}
	for _, text := range q["table"] {
		if t, ok := parseTable(text); ok {
			f.Tables = append(f.Tables, t)
		}
	}
	return f
}

// Query writes the form down as an address that ParseForm reads.
func (f Form) Query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"upload": f.UploadID, "copy": f.Copy, "into": string(f.Into), "server": f.Server, "other": f.Other,
		"database": f.Database, "file": f.File, "find": f.Find, "existing": string(f.Existing),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Planned {
		q.Set("step", "plan")
	}
	for _, t := range f.Tables {
		q.Add("table", tableValue(t))
	}
	return q
}

// Path is the address of the form's page.
func (f Form) Path() string {
	path := "/restores/new"
	if f.BackupID != "" {
		path = "/backups/" + f.BackupID + "/restore"
	}
	if q := f.Query().Encode(); q != "" {
		path += "?" + q
	}
	return path
}

// with returns the path of the form after a change.
func (f Form) with(change func(*Form)) string {
	change(&f)
	return f.Path()
}

// Request is what the form asks for, or models.ErrInvalid with what is missing.
func (f Form) Request() (models.RestoreRequest, error) {
	req := models.RestoreRequest{
		BackupID: f.BackupID, UploadID: f.UploadID, DriveFileID: f.Copy, Tables: f.Tables, Trigger: models.TriggerPage,
		Replace: f.Existing == ReplaceSafely || f.Existing == ReplaceUnsafely, WithoutSafety: f.Existing == ReplaceUnsafely,
	}
	var err error
	req.Target, err = f.target()
	return req, err
}

func (f Form) target() (models.RestoreTarget, error) {
	switch f.Into {
	case IntoOriginal:
		return models.RestoreTarget{Kind: models.TargetSource}, nil
	case IntoOther:
		if f.Other == "" {
			return models.RestoreTarget{}, models.Invalidf("no database is chosen: choose the data source whose database the backup goes into")
		}
		return models.RestoreTarget{Kind: models.TargetSource, SourceID: f.Other}, nil
	case IntoFile:
		if f.File == "" {
			return models.RestoreTarget{}, models.Invalidf("the file has no name: give it one")
		}
		return models.RestoreTarget{Kind: models.TargetFile, Name: f.File}, nil
	case IntoNew:
		if f.Database == "" {
			return models.RestoreTarget{}, models.Invalidf("the new database has no name: give it one")
		}
		return models.RestoreTarget{Kind: models.TargetNew, SourceID: f.Server, Name: f.Database}, nil
	}
	return models.RestoreTarget{}, models.Invalidf("no target is chosen: say where the backup goes")
}

// tableValue writes a table's name down for an address: both parts escaped, so that
// any character may be in them, with a slash between.
func tableValue(t models.TableName) string {
	return url.QueryEscape(t.Schema) + "/" + url.QueryEscape(t.Name)
}

func parseTable(text string) (models.TableName, bool) {
	before, after, ok := strings.Cut(text, "/")
	schema, schemaErr := url.QueryUnescape(before)
	name, nameErr := url.QueryUnescape(after)
	return models.TableName{Schema: schema, Name: name}, ok && name != "" && schemaErr == nil && nameErr == nil
}
