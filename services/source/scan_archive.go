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
	"slices"
	"strconv"
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
	// descTableData is the word for entries with the rows of a table.
	descTableData = "TABLE DATA"
	// descBlobs is the word for entries with large objects.
	descBlobs = "BLOBS"
	// descBlobNumbers is the word for entries that list large objects by number.
	descBlobNumbers = "BLOB METADATA"
	// noDataOffset marks an entry of the table of contents that has no block.
	noDataOffset = 3
	// maxArchiveString bounds a definition in the table of contents.
	maxArchiveString = 256 << 20
	// maxArchiveTexts bounds all texts of the table of contents, which is kept.
	maxArchiveTexts = 512 << 20
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

	// head is kept as it is read, for a restore writes it again.
	head     archiveHead
	consumed int64
	// texts is the length of all texts so far.
	texts int64
	// contentsEnd is the number of bytes up to the end of the table of contents.
	contentsEnd int64
	// guard, when set, looks at the table of contents before any data is read.
	guard func([]*archiveEntry) error
	// count is told of each table whose rows have passed, passed how many have.
	count     *TableCount
	passed    int
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

// archiveHead is what precedes the table of contents.
type archiveHead struct {
	begin    [11]byte
	made     [7]int64
	database string
	server   string
	tool     string
}

// archiveText is a text that may be absent, which is not the same as empty.
type archiveText struct {
	text string
	ok   bool
}

// archiveEntry is one line of the table of contents.
type archiveEntry struct {
	id                int64
	tag, desc, schema string
	dumper, section   int64
	// catalogue and number tell what the object was on the server.
	catalogue, number string
	// defn makes the object, drop removes it, copy begins its rows.
	defn, drop, copy string
	owner, hadOIDs   string
	tablespace       archiveText
	accessMethod     archiveText
	relkind          int64
	// needs are the entries that this one depends on.
	needs   []int64
	hasData bool
	// at is where its block begins, once seen.
	at          int64
	seen        bool
	rows, bytes int64
	hash        hash.Hash
	tail        []byte
}

// blobScan is what was seen of large objects. Their digests are added up
// without order, for tools of different ages order them differently.
type blobScan struct {
	rows, bytes int64
	sum         [sha256.Size]byte
}

// errArchiveCut says that the stream ended inside something.
var errArchiveCut = errors.New("it ends in the middle")

// errArchiveMore says that the stream goes on after the archive.
var errArchiveMore = errors.New("something follows its last block")

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
			s.err = errArchiveMore
		}
		return len(p), nil
	}
	s.piece = p
	s.consumed += int64(len(p))
	s.resume()
	return len(p), nil
}

// Err ends the stream and tells whether it is a whole archive; tool is the path of who
// wrote it.
func (s *archiveScanner) Err(tool string) error {
	if err := s.end(); err != nil {
		return models.Invalidf("the dump can't be kept: what %s wrote is not a whole archive: %v", filepath.Base(tool), err)
	}
	return nil
}

// end ends the stream and tells what keeps it from being a whole archive.
func (s *archiveScanner) end() error {
	s.ended = true
	if !s.completed {
		s.resume()
	}
	s.stop()
	if s.err != nil {
		return s.err
	}
	for _, e := range s.order {
		if e.missing() {
			return fmt.Errorf("it ends before the data of %s", e.name())
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
		if s.piece[0] == 0 && !slices.ContainsFunc(s.order, (*archiveEntry).missing) {
			return s.readContentsAgain()
		}
		if err := s.readBlock(); err != nil {
			return err
		}
	}
	return nil
}

func (s *archiveScanner) readHead() error {
	for i := range s.head.begin {
		s.head.begin[i] = s.byte()
	}
	head := s.head.begin
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
		return errors.New("it is compressed inside: make it with pg_dump -Fc -Z0, or restore it by hand with pg_restore")
	}
	for i := range s.head.made {
		s.head.made[i] = s.int()
	}
	s.head.database, _ = s.string()
	s.head.server, _ = s.string()
	s.head.tool, _ = s.string()
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
		if s.entries[e.id] != nil {
			return fmt.Errorf("its table of contents has two entries of number %d", e.id)
		}
		s.entries[e.id] = e
		s.order = append(s.order, e)
	}
	if err := s.cut(); err != nil {
		return err
	}
	s.contentsEnd = s.consumed - int64(len(s.piece))
	s.count.expect(s.tablesWithRows())
	if s.guard != nil {
		return s.guard(s.order)
	}
	return nil
}

// readContentsAgain reads the table of contents that follows the last block when pg_dump,
// since version 16, writes to a file by way of the shell: it means to write over the first
// one, where each block is, and can only append.
func (s *archiveScanner) readContentsAgain() error {
	count := s.int()
	for i := range count {
		e := s.readEntry()
		if err := s.cut(); err != nil {
			return err
		}
		if count != int64(len(s.order)) || !e.same(s.order[i]) {
			return errArchiveMore
		}
	}
	if err := s.cut(); err != nil {
		return err
	}
	if s.more() {
		return errArchiveMore
	}
	return nil
}

// same tells whether two entries differ in no more than where their data is.
func (e *archiveEntry) same(o *archiveEntry) bool {
	return e.id == o.id && e.key() == o.key() && e.dumper == o.dumper && e.section == o.section && e.catalogue == o.catalogue && e.number == o.number &&
		e.defn == o.defn && e.drop == o.drop && e.copy == o.copy && e.owner == o.owner && e.hadOIDs == o.hadOIDs && e.tablespace == o.tablespace &&
		e.accessMethod == o.accessMethod && e.relkind == o.relkind && slices.Equal(e.needs, o.needs) && e.hasData == o.hasData
}

// missing tells whether an entry has data of which no block was seen.
func (e *archiveEntry) missing() bool { return e.hasData && !e.seen }

func (s *archiveScanner) readEntry() *archiveEntry {
	e := &archiveEntry{id: s.int(), dumper: s.int()}
	e.catalogue, _ = s.string()
	e.number, _ = s.string()
	e.tag, _ = s.string()
	e.desc, _ = s.string()
	e.section = s.int()
	e.defn, _ = s.string()
	e.drop, _ = s.string()
	e.copy, _ = s.string()
	e.schema, _ = s.string()
	e.tablespace.text, e.tablespace.ok = s.string()
	if s.minor >= archiveTableAM {
		e.accessMethod.text, e.accessMethod.ok = s.string()
	}
	if s.minor >= archiveRelkind {
		e.relkind = s.int()
	}
	e.owner, _ = s.string()
	e.hadOIDs, _ = s.string()
	for s.readNeed(e) {
	}
	state := s.byte()
	for range s.offsets {
		s.byte()
	}
	e.hasData = e.dumper != 0 && state != noDataOffset
	return e
}

// readNeed reads one number of what an entry depends on; false ends the list.
func (s *archiveScanner) readNeed(e *archiveEntry) bool {
	text, ok := s.string()
	if !ok {
		return false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("%s depends on %q, which is no number", e.name(), bounded(text))
	}
	e.needs = append(e.needs, n)
	return true
}

func (s *archiveScanner) readBlock() error {
	at := s.consumed - int64(len(s.piece))
	kind := s.byte()
	id := s.int()
	if err := s.cut(); err != nil {
		return err
	}
	e := s.entries[id]
	// pg_restore takes rows for statements that come in a block of the wrong kind.
	if e == nil || !e.hasData || e.seen || kind != blockData && kind != blockBlobs || (kind == blockBlobs) != (e.desc == descBlobs) {
		return fmt.Errorf("it has a block of kind %d for entry %d, which its table of contents does not announce", kind, id)
	}
	e.seen, e.at = true, at
	if kind == blockBlobs {
		return s.readBlobs()
	}
	e.hash = sha256.New()
	if err := s.chunks(e.take); err != nil {
		return err
	}
	if e.desc == descTableData {
		s.passed++
		s.count.reach(s.passed)
	}
	return e.end()
}

// tablesWithRows counts the tables whose rows are in the archive.
func (s *archiveScanner) tablesWithRows() int {
	tables := 0
	for _, e := range s.order {
		if e.hasData && e.desc == descTableData {
			tables++
		}
	}
	return tables
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
	if e.desc != descTableData {
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
	if s.texts += n; n > maxArchiveString || s.texts > maxArchiveTexts {
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
		if e.desc == descTableData && e.seen {
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
	values := s.sequenceValues()
	for _, e := range s.order {
		if kind, ok := archiveKinds[e.desc]; ok {
			o := models.Object{Kind: kind, Schema: e.schema, Name: e.tag}
			o.Definition = digestOfText([]byte(e.defn + values[o]))
			objects = append(objects, o)
		}
	}
	if s.blobs.rows > 0 {
		objects = append(objects, models.Object{Kind: models.ObjectBlobs, Name: plural(int(s.blobs.rows), "object", "objects")})
	}
	return objects
}

// sequenceValues returns the statements that set sequences, which are entries apart.
func (s *archiveScanner) sequenceValues() map[models.Object]string {
	values := map[models.Object]string{}
	for _, e := range s.order {
		if e.desc == "SEQUENCE SET" {
			values[models.Object{Kind: models.ObjectSequence, Schema: e.schema, Name: e.tag}] = e.defn
		}
	}
	return values
}

var _ io.Writer = (*archiveScanner)(nil)
