package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"strconv"

	"github.com/backupman/backupman/models"
)

// pgArchive is an archive of which the table of contents was read and looked at. What is
// restored of it is written anew: pg_restore gets entries that were looked at and no
// others, whatever the file holds by then.
type pgArchive struct {
	head    archiveHead
	minor   int
	intSize int
	offsets int
	// length is that of head and contents in the file.
	length  int64
	entries []*archiveEntry
	// rows are the words for the entries with rows, by their numbers.
	rows    map[int64]string
	escapes bool
	// shift is by how much blocks are nearer to the beginning than in the file; 0 while
	// nobody knows where they are.
	shift int64
}

// errContentsRead ends a scan after the table of contents.
var errContentsRead = errors.New("the table of contents is read")

// readArchive reads the beginning of a dump.
func readArchive(ctx context.Context, req RestoreRequest) (*pgArchive, error) {
	dump, err := req.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer dump.Close()
	scan := newArchiveScanner()
	defer scan.stop()
	scan.guard = func(entries []*archiveEntry) error {
		if err := guardArchive(entries); err != nil {
			return err
		}
		return errContentsRead
	}
	if err := scanArchive(ctx, scan, dump, io.Discard); !errors.Is(scan.err, errContentsRead) {
		return nil, err
	}
	a := &pgArchive{head: scan.head, minor: scan.minor, intSize: scan.intSize, offsets: scan.offsets, length: scan.contentsEnd, rows: rowEntries(scan.order)}
	for _, e := range scan.order {
		if !aboutWhole(e) {
			a.entries = append(a.entries, e)
		}
		a.escapes = a.escapes || e.desc == "STDSTRINGS" && bytes.Contains([]byte(e.defn), []byte("'off'"))
	}
	return a, nil
}

func rowEntries(entries []*archiveEntry) map[int64]string {
	rows := map[int64]string{}
	for _, e := range entries {
		if e.hasData {
			rows[e.id] = e.desc
		}
	}
	return rows
}

// errAnotherDump says that a dump changed after it was looked at.
var errAnotherDump = models.Invalidf("the dump is not the one that was looked at")

// contents writes head and table of contents for pg_restore.
func (a *pgArchive) contents() []byte {
	w := archiveWriter{intSize: a.intSize}
	w.Write(a.head.begin[:])
	if a.minor >= archiveMethod {
		w.WriteByte(0)
	} else {
		w.int(0)
	}
	for _, n := range a.head.made {
		w.int(n)
	}
	w.text(a.head.database)
	w.text(a.head.server)
	w.text(a.head.tool)
	w.int(int64(len(a.entries)))
	for _, e := range a.entries {
		a.entry(&w, e)
	}
	return w.Bytes()
}

func (a *pgArchive) entry(w *archiveWriter, e *archiveEntry) {
	w.int(e.id)
	w.int(e.dumper)
	for _, text := range []string{e.catalogue, e.number, e.tag, e.desc} {
		w.text(text)
	}
	w.int(e.section)
	for _, text := range []string{e.defn, e.drop, e.copy, e.schema} {
		w.text(text)
	}
	w.maybe(e.tablespace)
	if a.minor >= archiveTableAM {
		w.maybe(e.accessMethod)
	}
	if a.minor >= archiveRelkind {
		w.int(e.relkind)
	}
	w.text(e.owner)
	w.text(e.hadOIDs)
	for _, id := range e.needs {
		w.text(strconv.FormatInt(id, 10))
	}
	w.maybe(archiveText{})
	a.offset(w, e)
}

// The words for where the data of an entry is.
const (
	unknownDataOffset = 1
	knownDataOffset   = 2
)

// offset writes where the data of an entry is, or that pg_restore has to look for it.
func (a *pgArchive) offset(w *archiveWriter, e *archiveEntry) {
	state, at := byte(unknownDataOffset), int64(0)
	switch {
	case !e.hasData:
		state = noDataOffset
	case a.shift != 0 && e.at != 0:
		state, at = knownDataOffset, e.at-a.shift
	}
	w.WriteByte(state)
	for i := range a.offsets {
		w.WriteByte(byte(at >> (8 * i)))
	}
}

// archiveWriter writes numbers and texts as archives have them.
type archiveWriter struct {
	bytes.Buffer
	intSize int
}

func (w *archiveWriter) int(n int64) {
	sign := byte(0)
	if n < 0 {
		sign, n = 1, -n
	}
	w.WriteByte(sign)
	for i := range w.intSize {
		w.WriteByte(byte(n >> (8 * i)))
	}
}

func (w *archiveWriter) text(s string) {
	w.int(int64(len(s)))
	w.WriteString(s)
}

func (w *archiveWriter) maybe(t archiveText) {
	if !t.ok {
		w.int(-1)
		return
	}
	w.text(t.text)
}

// write writes the archive for pg_restore: the contents as they are now, and the blocks
// of the file. The file is scanned on the way, and scan tells what it held.
func (a *pgArchive) write(ctx context.Context, dump io.Reader, out io.Writer, scan *archiveScanner, progress func(int64)) error {
	if _, err := out.Write(a.contents()); err != nil {
		return err
	}
	rest := &skipWriter{out: out, skip: a.length}
	counted := &countingReader{Reader: dump, told: progress}
	scan.guard = func(entries []*archiveEntry) error {
		if scan.contentsEnd != a.length || !maps.Equal(rowEntries(entries), a.rows) {
			return errAnotherDump
		}
		return nil
	}
	return scanArchive(ctx, scan, counted, rest)
}

// skipWriter leaves out the beginning of what it is given.
type skipWriter struct {
	out  io.Writer
	skip int64
}

func (w *skipWriter) Write(p []byte) (int, error) {
	left := p[min(w.skip, int64(len(p))):]
	w.skip -= int64(len(p) - len(left))
	if len(left) == 0 {
		return len(p), nil
	}
	_, err := w.out.Write(left)
	return len(p), err
}

// countingReader tells how many bytes were read.
type countingReader struct {
	io.Reader
	told func(int64)
	n    int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += int64(n)
	if r.told != nil && n > 0 {
		r.told(r.n)
	}
	return n, err
}
