package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/models"
)

// The parts of PostgreSQL's custom archive format that a reader must know, from
// src/bin/pg_dump/pg_backup_archiver.h and pg_backup_custom.c. Versions 1.12
// (PostgreSQL 9.0) to 1.16 (PostgreSQL 17 and 18) are read.
const (
	archiveMagic   = "PGDMP"
	archiveCustom  = 1
	oldestArchive  = 12
	newestArchive  = 16
	archiveTableAM = 14 // from here on entries name a table access method
	archiveMethod  = 15 // from here on the head names a compression method
	archiveRelkind = 16 // from here on entries have a relkind
	blockData      = 1
	blockBlobs     = 3
	// noDataOffset marks an entry of the table of contents that has no block.
	noDataOffset = 3
	// maxArchiveString bounds a definition in the table of contents.
	maxArchiveString = 256 << 20
)

// copyEnd is what pg_dump writes after the rows of a table.
const copyEnd = "\\.\n\n\n"

// archiveScanner reads an uncompressed archive of pg_dump as it passes: the
// table of contents, which comes first, then a block per table. An archive has
// no end marker; it is whole when every entry with data was seen and it ended
// where a block ends.
type archiveScanner struct {
	piece  []byte
	ended  bool
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool

	minor     int
	intSize   int
	offsets   int
	entries   map[int64]*archiveEntry
	order     []*archiveEntry
	blobs     blobScan
	stage     []byte
	unread    int
	err       error
	completed bool
}

// archiveEntry is one line of the table of contents.
type archiveEntry struct {
	id                int64
	tag, desc, schema string
	hasData           bool
	seen              bool
	rows, bytes       int64
	hash              hash.Hash
	tail              []byte
}

// blobScan is what was seen of large objects. Their digests are added up
// without order, for tools of different ages order them differently.
type blobScan struct {
	rows, bytes int64
	sum         [sha256.Size]byte
}

// errArchiveCut says that the stream ended inside something.
var errArchiveCut = errors.New("it ends in the middle")

func newArchiveScanner() *archiveScanner {
	s := &archiveScanner{entries: map[int64]*archiveEntry{}, stage: make([]byte, 0, 32<<10)}
	s.resume, s.stop = iter.Pull(func(yield func(struct{}) bool) {
		s.yield = yield
		s.err = s.read()
		s.completed = true
	})
	s.resume()
	return s
}

// Write takes the next piece of the stream. It never fails: what is wrong with
// the stream is told by Err.
func (s *archiveScanner) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if s.completed {
		if s.err == nil {
			s.err = errors.New("something follows its last block")
		}
		return len(p), nil
	}
	s.piece = p
	s.resume()
	return len(p), nil
}

// Err ends the stream and tells whether it is a whole archive; tool is the path of who
// wrote it.
func (s *archiveScanner) Err(tool string) error {
	tool = filepath.Base(tool)
	s.ended = true
	if !s.completed {
		s.resume()
	}
	s.stop()
	if s.err != nil {
		return models.Invalidf("the dump can't be kept: what %s wrote is not a whole archive: %v", tool, s.err)
	}
	for _, e := range s.order {
		if e.hasData && !e.seen {
			return models.Invalidf("the dump can't be kept: what %s wrote is not a whole archive: it ends before the data of %s", tool, e.name())
		}
	}
	return nil
}

func (e *archiveEntry) name() string {
	return strings.ToLower(e.desc) + " " + qualified(models.Object{Schema: e.schema, Name: e.tag})
}

// more waits until there are bytes and tells whether there are.
func (s *archiveScanner) more() bool {
	for len(s.piece) == 0 {
		if s.ended || !s.yield(struct{}{}) {
			return false
		}
	}
	return true
}

// read reads the whole stream.
func (s *archiveScanner) read() error {
	if err := s.readHead(); err != nil {
		return err
	}
	if err := s.readContents(); err != nil {
		return err
	}
	for s.more() {
		if err := s.readBlock(); err != nil {
			return err
		}
	}
	return nil
}

func (s *archiveScanner) readHead() error {
	var head [11]byte
	for i := range head {
		head[i] = s.byte()
	}
	if s.unread > 0 {
		return errArchiveCut
	}
	if string(head[:5]) != archiveMagic || head[5] != 1 || head[10] != archiveCustom {
		return errors.New("it does not begin as one")
	}
	s.minor, s.intSize, s.offsets = int(head[6]), int(head[8]), int(head[9])
	if s.minor < oldestArchive || s.minor > newestArchive {
		return fmt.Errorf("its format is 1.%d, and this program reads 1.%d to 1.%d", s.minor, oldestArchive, newestArchive)
	}
	if s.intSize < 4 || s.intSize > 8 || s.offsets > 8 {
		return errors.New("its numbers have an impossible size")
	}
	compression := int64(0)
	if s.minor >= archiveMethod {
		compression = int64(s.byte())
	} else {
		compression = s.int()
	}
	if compression != 0 {
		return errors.New("it is compressed")
	}
	for range 7 { // the time it was made
		s.int()
	}
	for range 3 { // the database, the server's version, the tool's
		s.string()
	}
	return s.cut()
}

// cut tells whether any read since the last call lacked bytes.
func (s *archiveScanner) cut() error {
	if s.unread > 0 {
		return errArchiveCut
	}
	return s.err
}

func (s *archiveScanner) readContents() error {
	count := s.int()
	for range count {
		e := s.readEntry()
		if err := s.cut(); err != nil {
			return err
		}
		s.entries[e.id] = e
		s.order = append(s.order, e)
	}
	return s.cut()
}

func (s *archiveScanner) readEntry() *archiveEntry {
	e := &archiveEntry{id: s.int()}
	dumper := s.int()
	s.string() // its catalogue
	s.string() // its number there
	e.tag, _ = s.string()
	e.desc, _ = s.string()
	s.int()    // its section
	s.string() // how it is made
	s.string() // how it is dropped
	s.string() // its COPY statement
	e.schema, _ = s.string()
	s.string() // its tablespace
	if s.minor >= archiveTableAM {
		s.string()
	}
	if s.minor >= archiveRelkind {
		s.int()
	}
	s.string() // its owner
	s.string() // whether it had row numbers, in old versions
	for {      // what it depends on
		if _, ok := s.string(); !ok {
			break
		}
	}
	state := s.byte()
	for range s.offsets {
		s.byte()
	}
	e.hasData = dumper != 0 && state != noDataOffset
	return e
}

func (s *archiveScanner) readBlock() error {
	kind := s.byte()
	id := s.int()
	if err := s.cut(); err != nil {
		return err
	}
	e := s.entries[id]
	if e == nil || !e.hasData || e.seen || kind != blockData && kind != blockBlobs {
		return fmt.Errorf("it has a block of kind %d for entry %d, which its table of contents does not announce", kind, id)
	}
	e.seen = true
	if kind == blockBlobs {
		return s.readBlobs()
	}
	e.hash = sha256.New()
	if err := s.chunks(e.take); err != nil {
		return err
	}
	return e.end()
}

// take hashes a piece of a table's rows and counts their newlines: COPY writes
// those inside values as \n.
func (e *archiveEntry) take(p []byte) {
	e.hash.Write(p)
	e.bytes += int64(len(p))
	e.rows += int64(bytes.Count(p, []byte{'\n'}))
	if len(p) > len(copyEnd)+1 {
		p = p[len(p)-len(copyEnd)-1:]
	}
	e.tail = append(e.tail, p...)
	if extra := len(e.tail) - len(copyEnd) - 1; extra > 0 {
		e.tail = append(e.tail[:0], e.tail[extra:]...)
	}
}

func (e *archiveEntry) end() error {
	if e.desc != "TABLE DATA" {
		return nil
	}
	tail := string(e.tail)
	if tail != copyEnd && !strings.HasSuffix(tail, "\n"+copyEnd) {
		return fmt.Errorf("the rows of %s do not end as COPY ends them", e.name())
	}
	e.rows -= int64(strings.Count(copyEnd, "\n"))
	return nil
}

func (s *archiveScanner) readBlobs() error {
	for {
		oid := s.int()
		if err := s.cut(); err != nil || oid == 0 {
			return err
		}
		h := sha256.New()
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(oid)))
		err := s.chunks(func(p []byte) {
			h.Write(p)
			s.blobs.bytes += int64(len(p))
		})
		if err != nil {
			return err
		}
		s.blobs.rows++
		s.blobs.add(h.Sum(nil))
	}
}

// add adds a digest as a big-endian number.
func (b *blobScan) add(digest []byte) {
	carry := 0
	for i := len(b.sum) - 1; i >= 0; i-- {
		carry += int(b.sum[i]) + int(digest[i])
		b.sum[i] = byte(carry)
		carry >>= 8
	}
}

// chunks gathers the pieces of a block up to the empty one, for pg_dump writes
// one a row, and hands them on in larger ones.
func (s *archiveScanner) chunks(take func([]byte)) error {
	s.stage = s.stage[:0]
	for {
		n := s.int()
		if err := s.cut(); err != nil {
			return err
		}
		if n < 0 {
			return errors.New("a piece of data has a negative length")
		}
		if n == 0 {
			take(s.stage)
			return nil
		}
		for n > 0 {
			if !s.more() {
				return errArchiveCut
			}
			p := s.piece[:min(n, int64(len(s.piece)))]
			s.piece = s.piece[len(p):]
			n -= int64(len(p))
			s.gather(p, take)
		}
	}
}

func (s *archiveScanner) gather(p []byte, take func([]byte)) {
	if len(s.stage)+len(p) > cap(s.stage) {
		take(s.stage)
		s.stage = s.stage[:0]
	}
	if len(p) > cap(s.stage) {
		take(p)
		return
	}
	s.stage = append(s.stage, p...)
}

// byte reads one byte; at the end it returns 0 and cut tells.
func (s *archiveScanner) byte() byte {
	if len(s.piece) == 0 && !s.more() {
		s.unread++
		return 0
	}
	c := s.piece[0]
	s.piece = s.piece[1:]
	return c
}

// int reads a number: a byte for the sign, then the lowest byte first.
func (s *archiveScanner) int() int64 {
	if size := 1 + s.intSize; len(s.piece) >= size && s.intSize == 4 {
		n := int64(binary.LittleEndian.Uint32(s.piece[1:size]))
		if s.piece[0] != 0 {
			n = -n
		}
		s.piece = s.piece[size:]
		return n
	}
	negative := s.byte() != 0
	var n int64
	for i := range s.intSize {
		n |= int64(s.byte()) << (8 * i)
	}
	if negative {
		return -n
	}
	return n
}

// string reads a text; false stands for none.
func (s *archiveScanner) string() (string, bool) {
	n := s.int()
	if n < 0 || s.unread > 0 {
		return "", false
	}
	if n > maxArchiveString {
		s.unread++
		return "", false
	}
	text := make([]byte, 0, min(n, 1<<16))
	for int64(len(text)) < n {
		if !s.more() {
			s.unread++
			return "", false
		}
		p := s.piece[:min(n-int64(len(text)), int64(len(s.piece)))]
		text = append(text, p...)
		s.piece = s.piece[len(p):]
	}
	return string(text), true
}

// Tables returns what the archive holds of each table, in its order, and of
// the large objects together.
func (s *archiveScanner) Tables() []models.TableDigest {
	digests := []models.TableDigest{}
	for _, e := range s.order {
		if e.desc == "TABLE DATA" && e.seen {
			digests = append(digests, models.TableDigest{Schema: e.schema, Name: e.tag, Rows: e.rows, Bytes: e.bytes,
				SHA256: hex.EncodeToString(e.hash.Sum(nil))})
		}
	}
	if s.blobs.rows > 0 {
		digests = append(digests, models.TableDigest{Name: string(models.ObjectBlobs), Rows: s.blobs.rows, Bytes: s.blobs.bytes,
			SHA256: hex.EncodeToString(s.blobs.sum[:])})
	}
	return digests
}

// archiveKinds maps the words of the table of contents to kinds of object;
// what is not here belongs to an object, such as a grant or a default.
var archiveKinds = map[string]models.ObjectKind{
	"TABLE": models.ObjectTable, "FOREIGN TABLE": "foreign table",
	"VIEW": models.ObjectView, "MATERIALIZED VIEW": "materialized view",
	"TRIGGER": models.ObjectTrigger, "EVENT TRIGGER": "event trigger",
	"FUNCTION": models.ObjectRoutine, "PROCEDURE": models.ObjectRoutine, "AGGREGATE": models.ObjectRoutine,
	"SEQUENCE": models.ObjectSequence, "INDEX": models.ObjectIndex,
	"CONSTRAINT": models.ObjectConstraint, "FK CONSTRAINT": models.ObjectConstraint, "CHECK CONSTRAINT": models.ObjectConstraint,
	"EXTENSION": models.ObjectExtension, "TYPE": models.ObjectType, "DOMAIN": models.ObjectType, "SCHEMA": models.ObjectSchema,
	"POLICY": "policy", "RULE": "rule", "COLLATION": "collation", "OPERATOR": "operator", "CAST": "cast",
	"PUBLICATION": "publication", "SUBSCRIPTION": "subscription", "SERVER": "foreign server", "STATISTICS": "statistics",
}

// Objects returns everything the archive makes, in its order.
func (s *archiveScanner) Objects() []models.Object {
	var objects []models.Object
	for _, e := range s.order {
		if kind, ok := archiveKinds[e.desc]; ok {
			objects = append(objects, models.Object{Kind: kind, Schema: e.schema, Name: e.tag})
		}
	}
	if s.blobs.rows > 0 {
		objects = append(objects, models.Object{Kind: models.ObjectBlobs, Name: plural(int(s.blobs.rows), "object", "objects")})
	}
	return objects
}

var _ io.Writer = (*archiveScanner)(nil)
