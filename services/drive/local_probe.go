package drive

import (
	"errors"
	"io/fs"
	"os"

	"github.com/backupman/backupman/models"
)

func (d *Local) probe(root *os.Root) (err error) {
	name := newProbe(d.installation)
	defer func() { err = errors.Join(err, ignoreMissing(root.Remove(name))) }()
	if err := root.WriteFile(name, []byte(name), 0o600); err != nil {
		return d.fault("write a probe", err)
	}
	back, err := root.ReadFile(name)
	if err != nil {
		return d.fault("read a probe back", err)
	}
	if string(back) != name {
		return models.Conflictf("drive %q did not give back what was written to it: check the disk of %s", d.label, d.folder)
	}
	return nil
}

// sweepProbes removes the probes of this installation whose check has died.
func (d *Local) sweepProbes(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return d.fault("look for old probes", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return d.fault("look at a file", err)
		}
		if !info.Mode().IsRegular() || !isStaleProbe(e.Name(), d.installation, info.ModTime()) {
			continue
		}
		if err := ignoreMissing(root.Remove(e.Name())); err != nil {
			return d.fault("remove an old probe", err)
		}
	}
	return nil
}
