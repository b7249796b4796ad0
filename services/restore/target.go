package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/source"
)

// target is what a backup is restored into.
type target struct {
	kind models.TargetKind
	// row is the data source; empty for a file.
	row models.Source
	// name is the database, or the path.
	name string
	// database is nil for a file.
	database source.Target
}

// findTarget finds what a request names, without touching it.
func (s *Service) findTarget(ctx context.Context, req models.RestoreRequest, sub subject) (target, error) {
	switch req.Target.Kind {
	case models.TargetFile:
		return s.fileTarget(req, sub)
	case models.TargetSource, models.TargetNew:
	default:
		return target{}, models.Invalidf("there is no kind of target called %q: use %s, %s or %s", req.Target.Kind, models.TargetSource, models.TargetNew, models.TargetFile)
	}
	id := req.Target.SourceID
	if id == "" {
		id = sub.backup.SourceID
	}
	if id == "" {
		return target{}, models.Invalidf("say which data source the uploaded file is restored into")
	}
	_, kind, row, err := s.Catalog.OpenSource(ctx, id)
	if err != nil {
		return target{}, err
	}
	if kind.Provider != sub.kind.Provider {
		return target{}, models.Invalidf("data source %q is %s, and this is a dump of %s: choose one of the same kind", row.Label, kind.Name, sub.kind.Name)
	}
	return s.databaseTarget(req.Target, kind, row)
}

func (s *Service) databaseTarget(asked models.RestoreTarget, kind source.Kind, row models.Source) (t target, err error) {
	t = target{kind: asked.Kind, row: row, name: row.Settings[kind.Database]}
	if asked.Kind == models.TargetNew {
		if t.name, err = newDatabase(kind, row, asked.Name); err != nil {
			return t, err
		}
	}
	t.database, _, err = openTarget(kind, row.Label, row.Settings, t.name)
	return t, err
}

// newDatabase returns what a new database is called: for kinds whose database is a file,
// a path beside the source's own.
func newDatabase(kind source.Kind, row models.Source, name string) (string, error) {
	if isFile(kind) {
		if err := checkPlain(name); err != nil {
			return "", err
		}
		if end := besideEnd(name); end != "" {
			return "", models.Invalidf("%q is no name for a new database: SQLite takes a file that ends in %s for a part of the database beside it, and removes it", name, end)
		}
		return filepath.Join(filepath.Dir(row.Settings[kind.Database]), name), nil
	}
	if name == "" || len(name) > 64 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", models.Invalidf("%q is no name for a new database: write up to 64 bytes without control characters", name)
	}
	return name, nil
}

// besideEnd is the end of a name that SQLite gives to what it keeps beside a database;
// empty for another.
func besideEnd(name string) string {
	for _, end := range []string{"-journal", "-wal", "-shm"} {
		if strings.HasSuffix(strings.ToLower(name), end) {
			return end
		}
	}
	return ""
}

// restoredName is the folder of the data folder that files are restored to.
const restoredName = "restored"

// fileTarget finds where a file goes: a command may name any absolute path; whoever asks
// from elsewhere names a file in a folder of ours.
func (s *Service) fileTarget(req models.RestoreRequest, sub subject) (target, error) {
	if len(req.Tables) > 0 {
		return target{}, models.Invalidf("a file gets the whole dump: leave the tables out, or restore into a database")
	}
	name := req.Target.Name
	if req.Trigger == models.TriggerCLI {
		if !filepath.IsAbs(name) {
			return target{}, models.Invalidf("%q is no absolute path of a file", name)
		}
		return target{kind: models.TargetFile, name: filepath.Clean(name)}, nil
	}
	if name == "" {
		name = unpackedName(sub.manifest.File.Name)
	}
	if err := checkPlain(name); err != nil {
		return target{}, err
	}
	return target{kind: models.TargetFile, name: s.path(restoredName, name)}, nil
}

// unpackedName is a dump file's name without what says how it is packed.
func unpackedName(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".age"), ".zst"), ".gz")
}

// checkPlain wants the name of a file that is in no other folder and not hidden.
func checkPlain(name string) error {
	if name == "" || len(name) > 200 || !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") ||
		!utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return models.Invalidf("%q is no name for a file: write a name without a folder, which does not begin with a dot", name)
	}
	return nil
}

// look tells what is in the target now.
func (t target) look(ctx context.Context) (models.TargetState, error) {
	if t.database != nil {
		state, err := t.database.Look(ctx)
		if err != nil {
			return state, fmt.Errorf("look at %s: %w", t.name, err)
		}
		if t.kind == models.TargetNew && state.Exists && len(state.Problems) == 0 {
			state.Problems = append(state.Problems, fmt.Sprintf("there already is a database %s: choose another name, or restore into the data source that it belongs to", t.name))
		}
		return state, nil
	}
	state := models.TargetState{Database: t.name}
	info, err := os.Lstat(t.name)
	switch {
	case err == nil:
		changed := info.ModTime().UTC()
		state.Exists, state.Size, state.ChangedAt = true, info.Size(), &changed
		state.Problems = append(state.Problems, fmt.Sprintf("there already is a file %s: choose another name, or move it away", t.name))
	case !errors.Is(err, fs.ErrNotExist):
		state.Problems = append(state.Problems, fmt.Sprintf("%s can't be made: %v", t.name, err))
	case filepath.Base(filepath.Dir(t.name)) != restoredName:
		if _, err := os.Stat(filepath.Dir(t.name)); err != nil {
			state.Problems = append(state.Problems, fmt.Sprintf("there is no folder %s: make it", filepath.Dir(t.name)))
		}
	}
	return state, nil
}

// confirm is the word that a person types: the database, or the name of a file.
func (t target) confirm() string {
	if filepath.IsAbs(t.name) {
		return filepath.Base(t.name)
	}
	return t.name
}
