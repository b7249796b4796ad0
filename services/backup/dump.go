package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/runs"
	"github.com/backupman/backupman/services/source"
)

// spoolReserve is how many bytes stay free on the disk of the spool.
const spoolReserve = 16 << 20

// dumpAndCopy makes one dump while every drive follows it.
func (r *run) dumpAndCopy(ctx context.Context) error {
	r.enter(models.PhaseDumping)
	src, kind, row, err := r.service.catalog.OpenSource(ctx, r.backup.SourceID)
	if err != nil {
		return err
	}
	if err := sameKind(r.backup, kind, row.Label); err != nil {
		return err
	}
	recipients, err := r.recipients(ctx)
	if err != nil {
		return err
	}
	expected := r.expectedSize(ctx)
	if err := r.roomInSpool(expected); err != nil {
		return err
	}
	spool, err := archive.CreateSpool(r.service.spoolPath(r.backup))
	if err != nil {
		return err
	}
	defer spool.Close()
	spool.Fence(r.confirm)
	uploads := r.startUploads(ctx, spool, spool.PartialPath(), expected)
	err = r.guarded("dump", func() error { return r.dump(ctx, src, kind, row, spool, recipients) })
	if err != nil {
		spool.Abort(err)
		uploads.Wait()
		if !r.holds(ctx) {
			return err // whoever has the backup now sees to the spool
		}
		return errors.Join(err, spool.Remove())
	}
	spool.Release()
	r.enterAfter(models.PhaseDumping, models.PhaseUploading)
	if r.dumped != nil {
		r.dumped()
	}
	uploads.Wait()
	return nil
}

// dump fills the spool, and returns nil only when the dump is proven, on the
// disk, and written down.
func (r *run) dump(ctx context.Context, src source.Source, kind source.Kind, row models.Source, spool *archive.Spool, recipients []age.Recipient) error {
	w, err := archive.NewWriter(spool, r.backup.Compression, archive.EncryptTo(recipients...))
	if err != nil {
		return err
	}
	r.watch(w)
	if err := os.MkdirAll(r.tempDir(), 0o700); err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	inTime, cancel := r.dumpInTime(ctx)
	defer cancel()
	inv, err := src.Dump(inTime, source.DumpRequest{Out: w, Log: r.log, TempDir: r.tempDir(), Tables: &r.tables})
	err = because(inTime, err)
	if removeErr := os.RemoveAll(r.tempDir()); removeErr != nil {
		r.log.Say("the temporary folder could not be removed: %v", removeErr)
	}
	if err != nil {
		r.stopWatching(w)
		_ = w.Close() // lets the encoder go; what it wrote is thrown away
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := proveInventory(row.Label, inv, w.RawSize()); err != nil {
		return err
	}
	if err := spool.Finish(); err != nil {
		return err
	}
	inv.Warnings = append(inv.Warnings, r.otherPassphrase(ctx)...)
	m := models.Manifest{Source: row.Label, Provider: kind.Provider, Inventory: inv}
	if m.Sealed, err = r.seal(inv, recipients); err != nil {
		return err
	}
	return r.record(ctx, m, w, spool)
}

// sameKind refuses to put another kind of dump under the name that the backup got
// when it was made.
func sameKind(b models.Backup, kind source.Kind, label string) error {
	if strings.Contains(b.FileName, "."+kind.Extension) {
		return nil
	}
	return models.Conflictf("data source %q is now of another kind (%s) than when this backup was made: run the job again instead", label, kind.Name)
}

// proveInventory refuses a dump that holds nothing: nobody means to keep one.
func proveInventory(label string, inv models.Inventory, size int64) error {
	if size == 0 || len(inv.Objects)+len(inv.Tables) == 0 {
		return models.Invalidf("data source %q: the dump is empty; check that the database's name is right and that the account may see its tables", label)
	}
	return nil
}

// record writes the proven dump down before any drive may publish it.
func (r *run) record(ctx context.Context, m models.Manifest, w *archive.Writer, spool *archive.Spool) error {
	inv := m.Inventory
	f := models.DumpFacts{RawSize: w.RawSize(), Size: w.Size(), SHA256: w.SHA256(), CRC64: w.CRC64(), DumpPath: spool.Path(), SpoolNode: r.service.node(),
		Warnings: strings.Join(inv.Warnings, "\n"), DumpedAt: models.Now()}
	m.BackupID, m.Job, m.CreatedAt, m.DumpedAt = r.backup.ID, r.backup.Label, r.backup.CreatedAt, f.DumpedAt
	m.File = models.FileFacts{Name: r.backup.FileName, Size: f.Size, SHA256: f.SHA256, Compression: r.backup.Compression, RawSize: f.RawSize}
	if m.Sealed != "" {
		m.File.Encryption, m.File.Recipients = r.backup.Encryption, r.job.Encryption.Recipients
	}
	insistCtx, cancel := context.WithTimeout(ctx, r.service.options.SettleTime)
	defer cancel()
	err := runs.Insist(insistCtx, func() error {
		return r.service.store.RecordDump(insistCtx, r.backup.ID, r.service.runner.id(), f, m)
	})
	if err != nil {
		return fmt.Errorf("write down the finished dump: %w", err)
	}
	r.facts(f)
	r.log.Say("dump proven: %d tables, %d rows, %d bytes, %d packed", len(inv.Tables), inv.Rows(), f.RawSize, f.Size)
	for _, warning := range inv.Warnings {
		r.log.Say("warning: %s", warning)
	}
	return nil
}

// expectedSize guesses from the job's newest finished backup; 0 when there is none.
func (r *run) expectedSize(ctx context.Context) int64 {
	last, err := r.service.store.LastFinished(ctx, r.job.ID)
	if err != nil {
		return 0
	}
	return last.Size
}

func (r *run) roomInSpool(expected int64) error {
	space, err := disk.Of(r.service.spool)
	if err != nil {
		return err
	}
	if space.Free < expected+spoolReserve {
		return models.NoSpacef("the spool folder %s has %d MB free and this backup needs about %d MB: free space there, or move the data folder to a larger disk",
			r.service.spool, space.Free>>20, (expected+spoolReserve)>>20)
	}
	return nil
}
