package drive

import (
	"context"
	"io"
	"strings"

	gdrive "google.golang.org/api/drive/v3"

	"github.com/backupman/backupman/models"
)

// Check signs in, writes a probe, reads it back and deletes it, and asks for the room.
func (d *GoogleDrive) Check(ctx context.Context) (Report, error) {
	d.forget()
	folder, err := d.makeFolder(ctx, ".")
	if err != nil {
		return Report{}, err
	}
	shared, err := d.rights(ctx, folder)
	if err != nil {
		return Report{}, err
	}
	if err := d.sweepProbes(ctx, folder); err != nil {
		return Report{}, err
	}
	if err := d.probe(ctx, folder); err != nil {
		return Report{}, err
	}
	if err := d.account.from.trouble(); err != nil {
		return Report{}, err
	}
	return d.room(ctx, shared)
}

// rights looks whether the account may do what a drive does, before a probe is left
// that can't be deleted, and reports whether the folder is in a shared drive.
func (d *GoogleDrive) rights(ctx context.Context, folder string) (shared bool, err error) {
	f, err := d.api.Files.Get(folder).SupportsAllDrives(true).Context(ctx).
		Fields("id,driveId,capabilities(canAddChildren,canDeleteChildren)").Do()
	if err != nil {
		return false, d.fault(ctx, "look at its folder", err)
	}
	if f.Id == "" || f.Capabilities == nil {
		return false, d.fault(ctx, "look at its folder", errGoogleNonsense)
	}
	shared = f.DriveId != ""
	if shared && !(f.Capabilities.CanAddChildren && f.Capabilities.CanDeleteChildren) {
		return false, models.Invalidf("drive %q: the account may not write to its folder and delete from it for good: make it a manager of the shared drive", d.label)
	}
	return shared, nil
}

// sweepProbes removes the probes of checks that died.
func (d *GoogleDrive) sweepProbes(ctx context.Context, folder string) error {
	var stale []*gdrive.File
	err := d.each(ctx, "look for stale probes", googleIn(folder), func(f *gdrive.File) {
		if isGoogleCopy(f) && isStaleProbe(f.Name, d.installation, googleTime(f.CreatedTime)) {
			stale = append(stale, f)
		}
	})
	for _, f := range stale {
		if err := d.remove(ctx, f.Id, f.Name); err != nil {
			return err
		}
	}
	return err
}

func (d *GoogleDrive) probe(ctx context.Context, folder string) (err error) {
	name := newProbe(d.installation)
	u := &googleUpload{drive: d, dir: ".", content: newGoogleBuffer(strings.NewReader(name), d.chunk),
		file: gdrive.File{Name: name, MimeType: "application/octet-stream", Parents: []string{folder}}}
	defer func() {
		if undone := u.undo(ctx); err == nil {
			err = undone
		}
	}()
	file, err := u.run(ctx)
	if err != nil {
		return err
	}
	return d.readBack(ctx, file, name)
}

func (d *GoogleDrive) readBack(ctx context.Context, file *gdrive.File, name string) error {
	r, err := d.download(ctx, "a probe", file)
	if err != nil {
		return err
	}
	defer r.Close()
	back, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err != nil {
		return err
	}
	if string(back) != name {
		return models.Conflictf("drive %q did not give back what was written to it: look at its folder in Google Drive", d.label)
	}
	return nil
}

// room is what the account may store; a shared drive's is not told.
func (d *GoogleDrive) room(ctx context.Context, shared bool) (Report, error) {
	unknown := Report{Free: -1, Total: -1}
	if shared {
		return unknown, nil
	}
	about, err := d.api.About.Get().Fields("storageQuota(limit,usage)").Context(ctx).Do()
	if err != nil {
		return Report{}, d.fault(ctx, "ask for its room", err)
	}
	if about.StorageQuota == nil {
		return Report{}, d.fault(ctx, "ask for its room", errGoogleNonsense)
	}
	if about.StorageQuota.Limit <= 0 {
		return unknown, nil
	}
	return Report{Free: max(0, about.StorageQuota.Limit-about.StorageQuota.Usage), Total: about.StorageQuota.Limit}, nil
}
