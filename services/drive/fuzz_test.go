package drive

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// hostileKeys are what a drive that lies may list, and what a label may try to become.
var hostileKeys = []string{"", ".", "..", "/", "//", "job/file", "job/.hidden", ".hidden/file", "../outside", "job/../../outside", "./job", "job//file", "job/", "/etc/passwd", `..\outside`, `job\..\..\outside`,
	"job/\x00", "job/a\nb", "-rf", "--config=/tmp/x", "job/-rf", "job/a?b#c%2e%2e", "%2e%2e/outside", "job/%2e%2e%2foutside", "job/..%2foutside", "job/:local:/etc", ":local:/etc/passwd", "b2,x=y:", "job/é", "\xff", "job/a\u202eb",
	"job/{hash}", "job/*", strings.Repeat("x", 300), strings.Repeat("a/", 300) + "b", "job/...", "job/..a", "con", "C:/x"}

// FuzzKeys wants every key to stay below the root of its drive, or to be refused.
func FuzzKeys(f *testing.F) {
	for _, key := range hostileKeys {
		f.Add(key)
	}
	above := f.TempDir()
	folder := filepath.Join(above, "copies")
	if err := errors.Join(os.MkdirAll(filepath.Join(folder, "job"), 0o700), os.WriteFile(filepath.Join(above, "outside"), []byte("x"), 0o600),
		os.Symlink("../../outside", filepath.Join(folder, "job", "link")), os.Symlink("../..", filepath.Join(folder, "job", "up"))); err != nil {
		f.Fatal(err)
	}
	f.Add("job/link")
	f.Add("job/up/outside")
	local, err := NewLocal("x", folder)
	if err != nil {
		f.Fatal(err)
	}
	dav, err := newWebDAV(Place{Label: "x", Settings: models.Settings{"url": "https://dav.example/copies"}})
	if err != nil {
		f.Fatal(err)
	}
	ssh := &SFTP{folder: "/copies"}
	cloud := newRclone(Place{Settings: models.Settings{"remote": "b2:copies"}})
	f.Fuzz(func(t *testing.T, key string) {
		ctx := context.Background()
		valid := checkKey(key) == nil
		if _, err := local.Open(ctx, key); err == nil {
			t.Fatalf("there is nothing to open, and %q was", key)
		}
		if s, err := local.Stat(ctx, key); err == nil {
			t.Fatalf("there is no copy, and %q is %s", key, s.Path)
		}
		if err := local.Delete(ctx, key); err == nil && !valid {
			t.Fatalf("%q is no key, and was removed", key)
		}
		if _, err := os.Stat(filepath.Join(above, "outside")); err != nil {
			t.Fatalf("%q reached outside of the folder: %v", key, err)
		}
		if !valid {
			return
		}
		if at := filepath.Join(folder, filepath.FromSlash(key)); !strings.HasPrefix(at, folder+"/") {
			t.Fatalf("%q is at %s", key, at)
		}
		if at := ssh.remote(key); at != "/copies/"+key {
			t.Fatalf("%q is at %s on SFTP", key, at)
		}
		if at := cloud.path(key); at != "b2:copies/"+key {
			t.Fatalf("%q is at %s on rclone", key, at)
		}
		at, err := url.Parse(dav.address(key).String())
		if err != nil || at.Host != "dav.example" || at.Path != "/copies/"+key || at.RawQuery != "" || at.Fragment != "" || slices.Contains(strings.Split(at.EscapedPath(), "/"), "..") {
			t.Fatalf("%q is at %s on WebDAV: %v", key, at, err)
		}
	})
}

// FuzzRclone wants a remote and a key to be one argument behind the two dashes, which names
// a remote of the configuration.
func FuzzRclone(f *testing.F) {
	for _, name := range slices.Concat(hostileKeys, []string{"b2:", "b2:x", "b2:x/", "b2:../x", " b2:x", "b 2:x", "-b2:x", "--config=x:", ":local:/", ":sftp,ssh=\"sh -c id\":", "b2,ssh='id':x", "b2:x\ny", "b2\n:x", "\"b2\":x", "/x:", "./x:"}) {
		f.Add(name, "job/file")
	}
	program := filepath.Join(f.TempDir(), "rclone")
	if err := os.WriteFile(program, []byte("#!/bin/false\n"), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, remote, key string) {
		d := newRclone(Place{Label: "x", Settings: models.Settings{"remote": remote, "rclone_path": program}})
		p, err := d.command(context.Background(), "deletefile", "--", d.path(key))
		if err != nil {
			if !errors.Is(err, models.ErrInvalid) {
				t.Fatalf("%q: %v is no sentence", remote, err)
			}
			return
		}
		args := p.cmd.Args
		if n := len(args); n != 2+len(rcloneFlags)+2 || args[1] != "deletefile" || args[n-2] != "--" || args[n-1] != d.path(key) {
			t.Fatalf("%q gave %q", remote, args)
		}
		name, _, _ := strings.Cut(d.remote, ":")
		if name == "" || name[0] == '-' || strings.ContainsAny(name, ",/\\\"'=\n\r\x00:;|&$`") || !strings.HasPrefix(d.path(key), name+":") {
			t.Fatalf("%q is taken for the remote %q", remote, name)
		}
		if checkKey(key) == nil && !fs.ValidPath(key) {
			t.Fatalf("%q is taken for a key", key)
		}
	})
}
