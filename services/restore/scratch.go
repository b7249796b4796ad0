package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/source"
)

// openScratch makes ready what a drill restores into. The database is not made yet.
func (d *drillRun) openScratch(ctx context.Context, found models.Inventory) (scratch, error) {
	if d.row.Scratch == models.ScratchTemporary {
		return d.temporary(ctx, found)
	}
	return d.given(ctx)
}

// temporary starts a private server.
func (d *drillRun) temporary(ctx context.Context, found models.Inventory) (scratch, error) {
	s, kind := d.service, d.subject.kind
	if kind.StartScratch == nil {
		return scratch{}, models.Conflictf("this version cannot restore %s into a scratch database", kind.Name)
	}
	place, err := s.scratchPlace()
	if err != nil {
		return scratch{}, err
	}
	if err := s.room(place, d.subject.manifest.File.RawSize); err != nil {
		return scratch{}, err
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	f, err := makeFolder(place, scratchDrill(d.id), mode)
	if err != nil {
		return scratch{}, err
	}
	started, err := kind.StartScratch(ctx, source.ScratchRequest{Dir: f.path, Inventory: found, Settings: d.sourceSettings(ctx), Log: d.log})
	if err != nil {
		return scratch{}, errors.Join(fmt.Errorf("start a private server: %w", err), s.endFolder(f))
	}
	db := scratch{settings: started.Settings, label: "the private server", server: started.Server, folder: place, close: func() {
		if err := errors.Join(started.Stop(), s.endFolder(f)); err != nil {
			s.Log.Warn("a scratch database is not removed and is looked for again", "drill_id", d.id, "error", err)
		}
	}}
	if db.target, err = kind.OpenTarget(db.label, db.settings); err != nil {
		db.close()
	}
	return db, err
}

// endFolder removes a scratch folder once no process works in it any more.
func (s *Service) endFolder(f *folder) error {
	if err := source.SweepScratch(f.path); err != nil {
		return errors.Join(err, f.lock.Release())
	}
	return f.remove()
}

// sourceSettings are those of the database that the backup is of; nil when it is gone.
func (d *drillRun) sourceSettings(ctx context.Context) models.Settings {
	_, _, row, err := d.service.Catalog.OpenSource(ctx, d.subject.backup.SourceID)
	if err != nil {
		return nil
	}
	return row.Settings
}

// scratchDatabase is the name of a drill's database on a given server. It is made of the
// drill's id, so that whoever sees that the drill is dead can drop it.
func (s *Service) scratchDatabase(drillID string) string {
	return scratchPrefix + s.Installation + "_" + strings.ReplaceAll(drillID, "-", "")
}

// given names a new database on the server of a data source, which must not be the
// server that the backup is of.
func (d *drillRun) given(ctx context.Context) (scratch, error) {
	s := d.service
	found, err := s.Store.SourceByLabel(ctx, d.row.Scratch)
	if err != nil {
		return scratch{}, models.NotFoundf("there is no data source %q to make a scratch database on its server: name one, or %s", d.row.Scratch, models.ScratchTemporary)
	}
	_, kind, row, err := s.Catalog.OpenSource(ctx, found.ID)
	if err != nil {
		return scratch{}, err
	}
	if kind.Provider != d.subject.kind.Provider {
		return scratch{}, models.Invalidf("data source %q is %s, and the backup is of %s: name a server of the same kind, or %s",
			row.Label, kind.Name, d.subject.kind.Name, models.ScratchTemporary)
	}
	if isFile(kind) {
		return scratch{}, models.Invalidf("%s has no server that scratch databases are made on: use %s", kind.Name, models.ScratchTemporary)
	}
	if err := d.anotherServer(ctx, kind, row); err != nil {
		return scratch{}, err
	}
	l := ledger{SourceID: row.ID, Database: s.scratchDatabase(d.id)}
	if err := l.write(d.folder.path); err != nil {
		return scratch{}, err
	}
	target, settings, err := openTarget(kind, row.Label, row.Settings, l.Database)
	if err != nil {
		return scratch{}, err
	}
	// The end of the run drops what its ledger says.
	return scratch{target: target, settings: settings, label: fmt.Sprintf("the server of %q", row.Label), close: func() {}}, nil
}

// anotherServer refuses a server that is the source's own, or may be.
func (d *drillRun) anotherServer(ctx context.Context, kind source.Kind, row models.Source) error {
	mine, _, err := openTarget(kind, row.Label, row.Settings, "")
	if err != nil {
		return err
	}
	_, theirKind, their, err := d.service.Catalog.OpenSource(ctx, d.subject.backup.SourceID)
	if err != nil {
		return models.Conflictf("whether the server of %q is that of the backed up database can't be told, so it is not used: %s", row.Label, sentence(err))
	}
	if their.ID == row.ID {
		return models.Conflictf("data source %q is the backed up database itself: name another server, or %s", row.Label, models.ScratchTemporary)
	}
	if theirKind.Provider != kind.Provider {
		return nil
	}
	own, _, err := openTarget(theirKind, their.Label, their.Settings, "")
	if err != nil {
		return err
	}
	same, err := mine.SameServer(ctx, own)
	switch {
	case err != nil:
		return models.Conflictf("whether the server of %q is that of the backed up database can't be told, so it is not used: %s", row.Label, sentence(err))
	case same:
		return models.Conflictf("the server of %q is the one that the backed up database %q is on: name another server, or %s", row.Label, their.Label, models.ScratchTemporary)
	}
	return nil
}

// isFile reports whether a database of a kind is a file.
func isFile(kind source.Kind) bool {
	setting, ok := kind.Setting(kind.Database)
	return ok && setting.Type == models.SettingPath
}
