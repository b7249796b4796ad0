package source

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/backupman/backupman/services/disk"
)

const (
	// parallelSize is the length of a dump from which on several connections pay.
	parallelSize = 32 << 20
	// maxJobs bounds the connections of one restore.
	maxJobs = 4
)

// jobs returns how many connections restore. Several need the archive in a file.
func (r *postgresRestore) jobs() int {
	tables := 0
	for _, e := range r.archive.entries {
		if e.desc == "TABLE DATA" {
			tables++
		}
	}
	space, err := disk.Of(r.req.TempDir)
	if r.req.RawSize < parallelSize || tables < 2 || err != nil || space.Free < 2*r.req.RawSize {
		return 1
	}
	return min(max(2, runtime.NumCPU()), maxJobs)
}

// inParallel unpacks the archive and restores through several connections. Unpacking is
// told as the first half of the progress.
func (r *postgresRestore) inParallel(ctx context.Context, database string, jobs int) error {
	path := filepath.Join(r.req.TempDir, "archive")
	err := r.unpackTo(ctx, path)
	defer func() { _ = os.Remove(path) }()
	if err != nil {
		return err
	}
	t, remove, err := r.command(database, "--jobs="+strconv.Itoa(jobs), path)
	if err != nil {
		return err
	}
	defer remove()
	log := &restoreLog{out: r.req.Log}
	if err := r.explain(log, t.run(ctx, log)); err != nil {
		return err
	}
	r.progress(r.req.RawSize)
	return nil
}

func (r *postgresRestore) progress(n int64) {
	if r.req.Progress != nil {
		r.req.Progress(n)
	}
}

// unpackTo writes the archive into a file, and then once more its contents, for by then
// it is known where the rows of each table are.
func (r *postgresRestore) unpackTo(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = r.unpack(ctx, out, func(n int64) { r.progress(n / 2) })
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		_, err = f.WriteAt(r.archive.contents(), 0)
	}
	return errors.Join(err, f.Close())
}

// locate writes down where the rows of each table are.
func (a *pgArchive) locate(scan *archiveScanner) {
	for _, e := range a.entries {
		if found := scan.entries[e.id]; found != nil && found.seen {
			e.at = found.at
		}
	}
	a.shift = a.length - int64(len(a.contents()))
}
