package restore

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/source"
)

// fill restores the dump into the scratch database. What the client refuses on a server
// that is fit disproves the backup.
func (d *drillRun) fill(ctx context.Context, db scratch, file dump) error {
	d.enter(models.RestoreRestoring, d.facts().RawSize)
	if err := db.target.Create(ctx, file.inventory.Options); err != nil {
		return err
	}
	before, err := db.target.Look(ctx)
	if err != nil {
		return err
	}
	if len(before.Problems) > 0 {
		return models.Conflictf("%s can't be restored into: %s", db.label, listed(before.Problems))
	}
	if db.server == "" {
		db.server = before.Server
	}
	d.change(func(p *models.RunProgress) { p.Server = db.server })
	d.log.Say("restoring into %s, version %s", db.label, db.server)
	temp, remove, err := d.folder.temp()
	if err != nil {
		return err
	}
	defer remove()
	begun := time.Now()
	err = db.target.Restore(ctx, d.request(file, temp, func(r *source.RestoreRequest) { r.Scratch = true }))
	if err != nil {
		return d.blameDump(ctx, db, err)
	}
	d.row.RestoreTook = time.Since(begun)
	d.log.Say("restored in %s", d.row.RestoreTook.Round(time.Millisecond))
	return nil
}

// blameDump tells a dump that can't be restored from a server that went away, or that
// took nothing of it at all.
func (d *drillRun) blameDump(ctx context.Context, db scratch, err error) error {
	var left *source.TargetLeft
	if liesHere(err) || ctx.Err() != nil || errors.As(err, &left) && left.Untouched {
		return err
	}
	after, lookErr := db.target.Look(ctx)
	if lookErr != nil {
		return models.Conflictf("%s went away while the dump was restored: %s", db.label, sentence(lookErr))
	}
	if len(after.Problems) > 0 {
		return models.Conflictf("%s can't be used any more: %s", db.label, listed(after.Problems))
	}
	return disproven("the dump does not restore: %s", sentence(err))
}

// prove reads every view, dumps the scratch database again and compares that with the
// manifest.
func (d *drillRun) prove(ctx context.Context, db scratch) error {
	d.enter(models.RestoreComparing, d.facts().RawSize)
	views, viewsErr := db.target.TryViews(ctx)
	got, err := d.dumpAgain(ctx, db)
	want := d.subject.manifest.Inventory
	switch {
	case err != nil && len(views) > 0 && !liesHere(err):
		return disproven("views of the restored database can't be read (%s), and it can't be dumped again: %s", listed(views), sentence(err))
	case err != nil:
		return models.Conflictf("the dump restores, but the restored database can't be dumped again to compare it: %s", sentence(err))
	}
	if err := judge(want, got, views); err != nil {
		return err
	}
	if viewsErr != nil {
		return viewsErr
	}
	d.row.Reason = proof(want, got)
	return nil
}

func (d *drillRun) dumpAgain(ctx context.Context, db scratch) (models.Inventory, error) {
	temp, remove, err := d.folder.temp()
	if err != nil {
		return models.Inventory{}, err
	}
	defer remove()
	src, err := d.subject.kind.Open("scratch", db.settings)
	if err != nil {
		return models.Inventory{}, err
	}
	return src.Dump(ctx, source.DumpRequest{Out: &counting{to: io.Discard, run: d.run}, Log: d.log, TempDir: temp})
}

// counting counts what is written as a run's progress.
type counting struct {
	to  io.Writer
	run *run
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.run.done.Add(int64(n))
	return n, err
}

func (r *run) facts() models.FileFacts { return r.subject.manifest.File }

// request asks a target for a restore of a dump that was checked.
func (r *run) request(file dump, temp string, change func(*source.RestoreRequest)) source.RestoreRequest {
	req := source.RestoreRequest{
		Open:    func(context.Context) (io.ReadCloser, error) { return r.whileAlive(file.open(nil)) },
		RawSize: file.facts.RawSize, Inventory: file.inventory, Log: r.log, TempDir: temp, Progress: r.done.Store,
		Warn: func(text string) { r.log.Say("warning: %s", text) },
	}
	change(&req)
	return req
}
