package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

var rcloneKind = Kind{
	Kind: models.Kind{Provider: "rclone", Name: "Remote of rclone", Settings: []models.Setting{
		{Name: "remote", Decides: models.DecidesReceiver | models.DecidesPlace, Label: "Remote", Type: models.SettingText, Required: true,
			Help: "A remote of rclone's configuration and a folder in it, such as b2:bucket/backups."},
		{Name: "config_file", Decides: models.DecidesReceiver | models.DecidesPlace, Label: "Configuration file", Type: models.SettingPath,
			Help: "Path of rclone's configuration; empty for the one that rclone finds by itself."},
		{Name: "config_password", Decides: models.DecidesHow, Label: "Configuration password", Type: models.SettingText, Secret: true, Advanced: true,
			Help: "Opens the configuration file when it is encrypted."},
		{Name: "rclone_path", Decides: models.DecidesReceiver, Label: "Program", Type: models.SettingPath, Advanced: true,
			Help: "Path of rclone; empty when it is installed where programs are looked for."},
	}},
	Open: func(p Place) (Drive, error) { return newRclone(p), nil },
}

// Rclone keeps copies on whatever a person's own rclone knows, by running it. Each
// operation is a process of its own. A copy is streamed to a hidden name and moved;
// how much of that the provider does at once is told at
// https://rclone.org/overview/#optional-features.
type Rclone struct {
	place  Place
	remote string
}

var _ Drive = (*Rclone)(nil)

func newRclone(p Place) *Rclone {
	return &Rclone{place: p, remote: strings.TrimSpace(p.Settings["remote"])}
}

// rcloneNamed is a remote by its name in the configuration. What rclone also takes,
// connection strings, may run programs and hold secrets, and paths without a remote
// are what local drives are for.
var rcloneNamed = regexp.MustCompile(`^[\pL\pN_.+@][\pL\pN_.+@ -]*:`)

// checkRemote refuses what is no remote of the configuration.
func (d *Rclone) checkRemote() error {
	if !rcloneNamed.MatchString(d.remote) {
		return models.Invalidf("drive %q: remote must name a remote of rclone's configuration and a folder in it, such as b2:bucket/backups", d.place.Label)
	}
	return nil
}

// path returns where a name below the root is, as rclone writes it.
func (d *Rclone) path(name string) string {
	if strings.HasSuffix(d.remote, ":") || strings.HasSuffix(d.remote, "/") {
		return d.remote + name
	}
	return d.remote + "/" + name
}

// rcloneItem is what rclone lsjson tells of a file or folder.
type rcloneItem struct {
	Path  string
	Name  string
	Size  int64
	IsDir bool
	// ModTime is empty where it was not asked for.
	ModTime string
}

// modified returns now when it is not known, so that nothing is taken for old.
func (i rcloneItem) modified() time.Time {
	t, err := time.Parse(time.RFC3339, i.ModTime)
	if err != nil {
		return time.Now()
	}
	return t
}

// Stat describes a copy.
func (d *Rclone) Stat(ctx context.Context, key string) (Stored, error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	return d.stat(ctx, key)
}

func (d *Rclone) stat(ctx context.Context, key string) (Stored, error) {
	out, err := d.run(ctx, nil, "lsjson", "--stat", "--no-mimetype", "--no-modtime", "--", d.path(key))
	if err != nil {
		return Stored{}, d.fault("find "+key, err)
	}
	var item *rcloneItem
	if err := json.Unmarshal(out, &item); err != nil {
		return Stored{}, fmt.Errorf("drive %q: rclone told of %s what is no JSON: %w", d.place.Label, key, err)
	}
	// Where folders are not real, one is told of for every name.
	if item == nil || item.IsDir {
		return Stored{}, models.NotFoundf("drive %q could not find %s: it is not there in %s", d.place.Label, key, d.remote)
	}
	if item.Size < 0 {
		return Stored{}, models.Invalidf("drive %q: %s does not tell how long a file is, so that copies cannot be proven: use another remote", d.place.Label, d.remote)
	}
	return d.stored(key, item.Size), nil
}

func (d *Rclone) stored(key string, size int64) Stored {
	return Stored{Key: key, Size: size, Path: d.path(key)}
}

// Delete removes a copy. Its folder stays, even when it is empty then: some remotes
// remove a folder together with what another upload has just put into it.
func (d *Rclone) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.remove(ctx, key)
}

func (d *Rclone) remove(ctx context.Context, name string) error {
	_, err := d.run(ctx, nil, "deletefile", "--", d.path(name))
	if rcloneMissing(err) {
		return nil
	}
	return d.fault("remove "+name, err)
}
