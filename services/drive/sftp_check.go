package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/backupman/backupman/models"
)

// Check writes a probe, reads it back and removes it, and asks for the free space: a
// disk that has room for a probe and for no copy does not work.
func (d *SFTP) Check(ctx context.Context) (report Report, err error) {
	name, begun := newProbe(d.place.Installation), false
	err = d.with(ctx, func(c *sftpConn) error {
		if _, err := d.makeFolders(c, d.folder); err != nil {
			return err
		}
		if err := d.sweepProbes(c); err != nil {
			return err
		}
		begun = true
		if err := d.probe(c, name); err != nil {
			return err
		}
		report.Free, report.Total = d.space(c)
		if report.Free >= 0 && report.Free < localReserve {
			return d.full()
		}
		return nil
	})
	if err != nil && begun { // an account that was refused is not tried again
		d.clean(ctx, name)
	}
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

// sweepProbes removes the probes of checks of this installation that died.
func (d *SFTP) sweepProbes(c *sftpConn) error {
	entries, err := d.entries(c, "")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !isStaleProbe(e.Name(), d.place.Installation, e.ModTime()) {
			continue
		}
		if err := d.remove(c, e.Name()); err != nil {
			return d.fault("remove an old probe", err)
		}
	}
	return nil
}

func (d *SFTP) probe(c *sftpConn, name string) error {
	if err := d.writeProbe(c, name); err != nil {
		return d.refused(c, "write a probe", err)
	}
	back, err := d.readProbe(c, name)
	if err != nil {
		return d.fault("read a probe back", err)
	}
	if back != name {
		return models.Conflictf("drive %q did not give back what was written to it: check the disk of %s on %s", d.place.Label, d.folder, d.address)
	}
	if err := d.remove(c, name); err != nil {
		return d.fault("remove a probe", err)
	}
	return nil
}

func (d *SFTP) writeProbe(c *sftpConn, name string) error {
	f, err := c.files.OpenFile(d.remote(name), os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(name))
	return errors.Join(err, f.Close())
}

func (d *SFTP) readProbe(c *sftpConn, name string) (string, error) {
	f, err := c.files.Open(d.remote(name))
	if err != nil {
		return "", err
	}
	back, err := io.ReadAll(io.LimitReader(f, int64(2*len(name))))
	return string(back), errors.Join(err, f.Close())
}

// Sweep removes what unfinished Puts of key and of its manifest left behind.
func (d *SFTP) Sweep(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.with(ctx, func(c *sftpConn) error {
		entries, err := d.entries(c, path.Dir(key))
		if err != nil {
			return err
		}
		var failures []error
		for _, e := range entries {
			if !isLeftOver(path.Base(key), e.Name()) {
				continue
			}
			if err := d.remove(c, path.Join(path.Dir(key), e.Name())); err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", e.Name(), d.fault("remove an unfinished copy", err)))
			}
		}
		return errors.Join(failures...)
	})
}
