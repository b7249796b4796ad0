package drive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/backupman/backupman/models"
)

const (
	partialEnd = ".partial"
	// manifestEnd ends the key of the manifest that stands beside a copy.
	manifestEnd = ".json"
)

// partialID is what tells the temporary files of one key apart.
var partialID = regexp.MustCompile(`\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// writing holds the base name of every temporary file that a Put of this process
// is writing. The names are unlike all others, whatever folder they are in.
var writing sync.Map

// newPartial returns a hidden name beside key that no other Put uses, and what to
// call when it is not written to any more.
func newPartial(key string) (name string, done func()) {
	base := "." + path.Base(key) + "." + models.NewID() + partialEnd
	writing.Store(base, true)
	return path.Join(path.Dir(key), base), func() { writing.Delete(base) }
}

// isPartialOf reports whether a name in the folder of a file is that of an
// unfinished Put of it: .FILE.ID.partial, or .FILE.partial as it was once called.
func isPartialOf(file, name string) bool {
	rest, hidden := strings.CutPrefix(name, "."+file)
	id, ended := strings.CutSuffix(rest, partialEnd)
	if !hidden || !ended {
		return false
	}
	if id == "" {
		return !partialID.MatchString(file) // else it is one of a shorter key
	}
	return len(partialID.FindString(id)) == len(id)
}

// Sweep removes what unfinished Puts of key and of its manifest left behind.
func (d *Local) Sweep(_ context.Context, key string) error {
	root, err := d.existing(key)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), path.Dir(key))
	if err := ignoreMissing(err); err != nil {
		return d.fault("look for unfinished copies", err)
	}
	var failures []error
	for _, e := range entries {
		if isLeftOver(path.Base(key), e.Name()) {
			failures = append(failures, d.removePartial(root, path.Join(path.Dir(key), e.Name())))
		}
	}
	return errors.Join(failures...)
}

func isLeftOver(file, name string) bool {
	if _, alive := writing.Load(name); alive {
		return false
	}
	return isPartialOf(file, name) || isPartialOf(file+manifestEnd, name)
}

func (d *Local) removePartial(root *os.Root, name string) error {
	if err := ignoreMissing(root.Remove(name)); err != nil {
		return d.fault("remove an unfinished copy", err)
	}
	return nil
}
