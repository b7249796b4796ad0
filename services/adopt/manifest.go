package adopt

import (
	"context"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// looked is a candidate after the drive was asked about it.
type looked struct {
	candidate
	// manifest is nil where there is none.
	manifest *models.Manifest
	// foreign says that it is no backup of this program, and nobody need be told.
	foreign bool
	err     error
}

// lookAt asks the drive about a file and reads the manifest beside it.
func (r *run) lookAt(ctx context.Context, c candidate) looked {
	f := looked{candidate: c}
	if c.lone {
		f.err = models.NotFoundf("it is a manifest, and the file that it describes is not there: bring that back, or remove the manifest")
		return f
	}
	if c.described >= 0 {
		m, err := r.readManifest(ctx, archive.ManifestKey(c.file.Key), c.described)
		if err != nil {
			// Photos have .json files beside them, too.
			f.err, f.foreign = err, !c.named
			return f
		}
		f.manifest = &m
	}
	stored, err := r.drive.Stat(ctx, c.file.Key)
	f.err = away(err)
	if err == nil {
		f.file = stored
	}
	return f
}

func (r *run) readManifest(ctx context.Context, key string, size int64) (models.Manifest, error) {
	if size > longestManifest {
		return models.Manifest{}, models.Invalidf("its manifest is %d bytes long, and no manifest is longer than %d: remove it, and the file is read instead", size, longestManifest)
	}
	text, err := readUpTo(ctx, r.drive, key, size)
	if err != nil {
		return models.Manifest{}, err
	}
	m, err := archive.DecodeManifest(text)
	if err != nil {
		return m, models.Invalidf("its manifest cannot be used: %v; remove it, and the file is read instead", err)
	}
	if m.Sealed != "" {
		m.Inventory = m.Inventory.Public() // more of it would be believed unopened
	}
	return m, nil
}

// readUpTo reads a small file that a listing said to be so long.
func readUpTo(ctx context.Context, d drive.Drive, key string, size int64) ([]byte, error) {
	in, err := d.Open(ctx, key)
	if err != nil {
		return nil, away(err)
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, size+1))
	if err != nil {
		return nil, away(err)
	}
	if int64(len(text)) > size {
		return nil, models.Conflictf("its manifest grew while it was read: try again")
	}
	return text, nil
}

// fromManifest adopts a file as its manifest describes it.
func (r *run) fromManifest(ctx context.Context, f looked, told *models.AdoptedFile) error {
	m := *f.manifest
	kind, err := r.service.kindOf(m.Provider)
	if err != nil {
		return err
	}
	if err := check(m, kind, f.file, models.Now()); err != nil {
		return err
	}
	known, err := r.known(ctx, m.File.Name, m.CreatedAt)
	if err != nil {
		return err
	}
	if id := known.of(m.File.SHA256, m.BackupID); id != "" {
		m.BackupID = id // a file that was adopted before without its manifest
	}
	var verifiedAt *time.Time
	if r.options.ReadAll && known.at(r.row.ID, f.file.Key) == "" {
		if err := r.readBack(ctx, f.file.Key, m.File); err != nil {
			return err
		}
		now := models.Now()
		verifiedAt = &now
	}
	job, err := r.job(ctx, m.Job, m.Source, m.Provider)
	if err != nil {
		return err
	}
	return r.record(ctx, r.backupOf(job, m, f.file, "", verifiedAt), m, told)
}

// readBack compares a whole copy with what its manifest says.
func (r *run) readBack(ctx context.Context, key string, facts models.FileFacts) error {
	in, err := r.drive.Open(ctx, key)
	if err != nil {
		return away(err)
	}
	defer in.Close()
	watched := &reader{from: in}
	err = archive.Verify(watched, facts.Size, facts.SHA256)
	if watched.err != nil {
		return away(watched.err)
	}
	return err
}

func (s *Service) kindOf(provider string) (source.Kind, error) {
	for _, k := range s.kinds {
		if k.Provider == provider {
			return k, nil
		}
	}
	return source.Kind{}, models.Invalidf("its manifest says that it is of a kind of database called %q, which this version does not know", provider)
}

// clockSlack is how far ahead of this machine's clock the one that made a backup may
// have been.
const clockSlack = 24 * time.Hour

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check tells whether a manifest describes the file beside it, and is one that this
// program may have written.
func check(m models.Manifest, kind source.Kind, file drive.Stored, now time.Time) error {
	name, folder := path.Base(file.Key), path.Dir(file.Key)
	if m.File.Name != name {
		return models.Invalidf("its manifest describes a file called %q: give the file and the manifest the name they had", m.File.Name)
	}
	if m.File.Size != file.Size {
		return models.Conflictf("it is %d bytes long and its manifest says %d: the file is damaged, or the manifest is of another", file.Size, m.File.Size)
	}
	if err := models.CheckID(m.BackupID); err != nil {
		return wrong("its BackupId is not an id")
	}
	if want := archive.FileName(m.Job, m.CreatedAt, m.BackupID, kind.Extension, m.File.Compression, m.File.Encryption); want != name {
		return wrong("what it says of the job, the time, the id and the kind makes the name " + want)
	}
	if folder != "." && path.Base(folder) != archive.Folder(m.Job) {
		return models.Invalidf("its manifest says that it is of the job %q, and it lies in the folder %q: move both into a folder called %s", m.Job, folder, archive.Folder(m.Job))
	}
	return checkFacts(m, now)
}

// checkFacts looks for what no run of this program writes down.
func checkFacts(m models.Manifest, now time.Time) error {
	switch {
	case !readable(m.Job) || !readable(m.Source):
		return wrong("the labels of its job and of its source are not ones that a configuration can have")
	case m.CreatedAt.Unix() <= 0 || m.CreatedAt.After(now.Add(clockSlack)):
		return wrong(fmt.Sprintf("its time, %s, cannot be", m.CreatedAt.UTC().Format(time.RFC3339)))
	case !m.DumpedAt.IsZero() && (m.DumpedAt.Unix() <= 0 || m.DumpedAt.After(now.Add(clockSlack))):
		return wrong(fmt.Sprintf("the time of its dump, %s, cannot be", m.DumpedAt.UTC().Format(time.RFC3339)))
	case !sha256Form.MatchString(m.File.SHA256):
		return wrong("its SHA256 is not one")
	case m.File.Size <= 0 || m.File.RawSize <= 0:
		return wrong("its sizes are not those of a dump")
	}
	if err := checkEncryption(m); err != nil {
		return err
	}
	for _, t := range m.Inventory.Tables {
		if t.Name == "" || t.Rows < 0 || t.Bytes < 0 {
			return wrong(fmt.Sprintf("what it says of the table %q cannot be", t.Name))
		}
	}
	return nil
}

// checkEncryption looks for what can't be of an encrypted dump, or of one that is not.
func checkEncryption(m models.Manifest) error {
	switch e := m.File.Encryption; {
	case e != "" && e != models.EncryptionAge:
		return models.Invalidf("its manifest says that it is encrypted with %q, which this version does not know: use a newer Backupman", e)
	case (e != "") != (m.Sealed != ""), e == "" && len(m.File.Recipients) > 0:
		return wrong("what it says of the encryption does not fit together")
	}
	for _, key := range m.File.Recipients {
		if _, err := agekey.ParseRecipient(key); err != nil {
			return wrong("one of its recipients is not a public key")
		}
	}
	return nil
}

func wrong(why string) error {
	return models.Invalidf("its manifest is not one that this program wrote: %s; remove it, and the file is read instead", why)
}

// longestLabel is how many bytes the metadata keeps of a label.
const longestLabel = 255

func readable(label string) bool {
	return label != "" && len(label) <= longestLabel && !strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsPrint(r) })
}
