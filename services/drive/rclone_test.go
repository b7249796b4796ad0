package drive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
)

// rclonePlace is a place at a remote of a configuration with the given text.
func rclonePlace(t *testing.T, config, remote string) drive.Place {
	t.Helper()
	return drive.Place{Label: "cloud", Installation: "inst-1", Settings: models.Settings{
		"remote": remote, "rclone_path": servers.Rclone(t),
		"config_file": writeFile(t, filepath.Join(t.TempDir(), "rclone.conf"), config),
	}}
}

func openRclone(t *testing.T, p drive.Place) drive.Drive {
	t.Helper()
	kind, err := drive.Lookup("rclone")
	if err != nil {
		t.Fatal(err)
	}
	d, err := kind.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rcloneFolder is a drive at a remote that is a folder of this machine.
func rcloneFolder(t *testing.T) (d drive.Drive, folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "served")
	return openRclone(t, rclonePlace(t, "[far]\ntype = alias\nremote = "+folder+"\n", "far:copies")), folder + "/copies"
}

// The suite runs on a remote that is a server; each step of it starts rclone, so that
// what is particular to folders and to buckets has tests of its own.
func TestRcloneConforms(t *testing.T) {
	s := servers.WebDAV(t)
	config := fmt.Sprintf("[far]\ntype = webdav\nvendor = other\nurl = %s\nuser = %s\npass = %s\n", s.URL, s.User, obscured(t, s.Password))
	d := openRclone(t, rclonePlace(t, config, "far:copies"))
	drivetest.Conform(t, sftpFolder(s.Root+"/copies", drivetest.Fixture{Drive: d, PartSize: 256 << 10, Installation: "inst-1"}))
}

// A folder of this machine replaces at once, and its names are other ones inside rclone.
func TestRcloneOnAFolder(t *testing.T) {
	d, folder := rcloneFolder(t)
	keys := []string{"job/a b%20c?d=e", "job/naïve-日本-🗄", "job/x"}
	for _, key := range keys {
		put(t, d, key, []byte(key))
	}
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			if _, err := d.Put(t.Context(), "job/x", strings.NewReader(strings.Repeat(strconv.Itoa(i), 200_000)), drive.Hint{}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := string(get(t, d, "job/x")); len(got) != 200_000 || got != strings.Repeat(got[:1], len(got)) {
		t.Errorf("%d bytes of several puts", len(got))
	}
	writeFile(t, filepath.Join(folder, "job", ".x."+models.NewID()+".partial"), "half")
	if err := d.Sweep(t.Context(), "job/x"); err != nil {
		t.Error(err)
	}
	var listed []string
	if err := d.List(t.Context(), "job/", func(s drive.Stored) error { listed = append(listed, s.Key); return nil }); err != nil || !slices.Equal(listed, keys) {
		t.Errorf("listed %q, %v", listed, err)
	}
	for _, key := range keys {
		if err := d.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
	if left := filesBelow(t, folder); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// An S3 remote has no real folders and sends parts, which must not outlive a failure.
func TestRcloneOnS3(t *testing.T) {
	s := servers.S3(t)
	config := fmt.Sprintf("[far]\ntype = s3\nprovider = Other\nforce_path_style = true\nendpoint = %s\nregion = %s\naccess_key_id = %s\nsecret_access_key = %s\n",
		s.URL, s.Region, s.AccessKey, s.SecretKey)
	d := openRclone(t, rclonePlace(t, config, "far:"+s.Bucket+"/copies"))
	if report, err := d.Check(t.Context()); err != nil || report.Free != -1 || report.Total != -1 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := d.Stat(t.Context(), "no/such"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("stat: %v", err)
	}
	died := errors.New("the dump died")
	_, err := d.Put(t.Context(), "job/file", io.MultiReader(bytes.NewReader(content(40<<20)), atEOF(func() error { return died })), drive.Hint{})
	if !errors.Is(err, died) {
		t.Errorf("got %v", err)
	}
	if left := s.Names(t); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	for size := range 2 {
		data := content(12<<20 + size)
		put(t, d, "job/file", data)
		if !bytes.Equal(get(t, d, "job/file"), data) {
			t.Error("it came back changed")
		}
	}
	if err := d.Delete(t.Context(), "job/file"); err != nil {
		t.Error(err)
	}
	if err := d.Delete(t.Context(), "job/file"); err != nil {
		t.Errorf("delete what is gone: %v", err)
	}
}

// obscured is a password as rclone keeps it.
func obscured(t *testing.T, password string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), servers.Rclone(t), "obscure", "-")
	cmd.Stdin = strings.NewReader(password)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestRcloneSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]string
		says   []string
	}{
		"no such remote":        {map[string]string{"remote": "nowhere:x"}, []string{"cloud", "nowhere:x", "config"}},
		"a path":                {map[string]string{"remote": "/srv/x"}, []string{"cloud", "remote"}},
		"a flag":                {map[string]string{"remote": "--config=x:"}, []string{"cloud", "remote"}},
		"a connection string":   {map[string]string{"remote": ":sftp,ssh=touch:x"}, []string{"cloud", "remote"}},
		"a changed remote":      {map[string]string{"remote": "far,remote=/etc:x"}, []string{"cloud", "remote"}},
		"no such program":       {map[string]string{"rclone_path": "/nowhere/rclone"}, []string{"cloud", "/nowhere/rclone", "install"}},
		"no such file":          {map[string]string{"config_file": "/nowhere/rclone.conf"}, []string{"cloud", "config_file"}},
		"a file that is none":   {map[string]string{"config_file": "/etc/passwd"}, []string{"cloud", "config"}},
		"an encrypted file":     {map[string]string{"config_file": "encrypted"}, []string{"cloud", "config_password"}},
		"with a wrong password": {map[string]string{"config_file": "encrypted", "config_password": "hunter2"}, []string{"cloud", "config_password"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := rclonePlace(t, "[far]\ntype = alias\nremote = "+t.TempDir()+"\n", "far:")
			for k, v := range c.change {
				if v == "encrypted" {
					v = writeFile(t, filepath.Join(t.TempDir(), "rclone.conf"), "RCLONE_ENCRYPT_V0:\n"+strings.Repeat("AAAA", 40)+"\n")
				}
				p.Settings[k] = v
			}
			_, err := openRclone(t, p).Check(t.Context())
			wantFault(t, err, models.ErrInvalid, c.says...)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v tells the password", err)
			}
		})
	}
}

// Files of one length and time are not taken for the same.
func TestRcloneReplacesAFileOfTheSameLengthAndTime(t *testing.T) {
	d, folder := rcloneFolder(t)
	put(t, d, "job/file", []byte("old!"))
	ahead := time.Now().Add(time.Hour).Truncate(time.Second)
	r := io.MultiReader(strings.NewReader("new!"), atEOF(func() error { return os.Chtimes(filepath.Join(folder, "job/file"), ahead, ahead) }))
	if _, err := d.Put(t.Context(), "job/file", r, drive.Hint{}); err != nil {
		t.Fatal(err)
	}
	if got := string(get(t, d, "job/file")); got != "new!" {
		t.Errorf("got %q", got)
	}
}

// A person's environment may make rclone do something else than it is asked for.
func TestRcloneDoesWhatItIsAskedFor(t *testing.T) {
	for name, value := range map[string]string{
		"SIZE_ONLY": "true", "IGNORE_EXISTING": "true", "DRY_RUN": "true", "EXCLUDE": "*", "MAX_SIZE": "1b", "VERBOSE": "2", "HEAD": "1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("RCLONE_"+name, value)
			d, folder := rcloneFolder(t)
			put(t, d, "job/file", []byte("old!"))
			put(t, d, "job/file", []byte("new!"))
			if got := string(get(t, d, "job/file")); got != "new!" {
				t.Errorf("got %q", got)
			}
			if names := filesBelow(t, folder); len(names) != 1 {
				t.Errorf("the folder holds %v", names)
			}
		})
	}
}

// Parts of the usual length would not do for a long file.
func TestRcloneSendsLongFilesInLongParts(t *testing.T) {
	p := rclonePlace(t, "[far]\ntype = alias\nremote = "+t.TempDir()+"\n", "far:")
	told := filepath.Join(t.TempDir(), "told")
	script := writeFile(t, filepath.Join(t.TempDir(), "rclone"), "#!/bin/sh\necho \"$@\" >> "+told+"\nexec "+p.Settings["rclone_path"]+" \"$@\"\n")
	if err := os.Chmod(script, 0o700); err != nil {
		t.Fatal(err)
	}
	p.Settings["rclone_path"] = script
	d := openRclone(t, p)
	for size, want := range map[int64]string{1 << 30: "", 200 << 30: "--s3-chunk-size=31M"} {
		writeFile(t, told, "")
		if _, err := d.Put(t.Context(), "job/file", strings.NewReader("x"), drive.Hint{ExpectedSize: size}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(told)
		if err != nil || !strings.Contains(string(text), want) || want == "" && strings.Contains(string(text), "chunk-size") {
			t.Errorf("for %d bytes: %s, %v", size, text, err)
		}
	}
}

func TestRcloneThatIsNoProgram(t *testing.T) {
	p := rclonePlace(t, "[far]\ntype = alias\nremote = "+t.TempDir()+"\n", "far:")
	p.Settings["rclone_path"] = writeFile(t, filepath.Join(t.TempDir(), "rclone"), "no program")
	if err := os.Chmod(p.Settings["rclone_path"], 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := openRclone(t, p).Check(t.Context())
	wantFault(t, err, models.ErrInvalid, "cloud", "rclone_path")
}

// rclonePID finds the running rclone of a command at a remote of this test.
func rclonePID(t *testing.T, words ...string) int {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		text, _ := os.ReadFile(path)
		all := true
		for _, word := range words {
			all = all && strings.Contains(string(text), word)
		}
		if all {
			pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
			return pid
		}
	}
	t.Fatalf("no process has %q in its command line", words)
	return 0
}

func TestRcloneIsKilled(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "served")
	p := rclonePlace(t, "[far]\ntype = alias\nremote = "+folder+"\n", "far:copies")
	d := openRclone(t, p)
	kill := func() error { return syscall.Kill(rclonePID(t, p.Settings["config_file"]), syscall.SIGKILL) }
	t.Run("while it writes", func(t *testing.T) {
		r := io.MultiReader(bytes.NewReader(content(1<<20)), atEOF(kill), bytes.NewReader(content(8<<20)))
		_, err := d.Put(t.Context(), "job/file", io.MultiReader(r), drive.Hint{})
		if !drive.Passing(err) || !strings.Contains(err.Error(), "cloud") {
			t.Errorf("got %v", err)
		}
		if names := filesBelow(t, filepath.Dir(folder)); len(names) != 0 {
			t.Errorf("left behind: %v", names)
		}
	})
	t.Run("while it reads", func(t *testing.T) {
		put(t, d, "job/file", content(8<<20))
		r, err := d.Open(t.Context(), "job/file")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.ReadFull(r, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := kill(); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); !drive.Passing(err) || n >= 7<<20 {
			t.Errorf("%d bytes more, %v", n, err)
		}
	})
}

func TestRcloneReaderFailsWhenTheFileShrinks(t *testing.T) {
	d, folder := rcloneFolder(t)
	put(t, d, "job/file", content(32<<20))
	r, err := d.Open(t.Context(), "job/file")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(filepath.Join(folder, "job/file"), 1<<20); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, r); err == nil {
		t.Errorf("%d bytes are no error", n)
	}
}

func TestRcloneFullDisk(t *testing.T) {
	d, folder := rcloneFolder(t)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	needs.SmallDisk(t, folder, 4<<20)
	_, err := d.Put(t.Context(), "job/file", bytes.NewReader(content(6<<20)), drive.Hint{})
	wantFault(t, err, models.ErrNoSpace, "cloud", "far:copies")
	if names := filesBelow(t, folder); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestRcloneServerSaysNo(t *testing.T) {
	s := servers.WebDAV(t)
	place := func(url, password string) drive.Place {
		return rclonePlace(t, fmt.Sprintf("[far]\ntype = webdav\nvendor = other\nurl = %s\nuser = %s\npass = %s\n", url, s.User, obscured(t, password)), "far:copies")
	}
	_, err := openRclone(t, place(s.URL, "wrong")).Check(t.Context())
	wantFault(t, err, models.ErrUnauthorized, "cloud", "far:copies")
	_, err = openRclone(t, place("http://127.0.0.1:1/", s.Password)).Check(t.Context())
	if !drive.Passing(err) || !strings.Contains(err.Error(), "cloud") {
		t.Errorf("got %v", err)
	}
}

func TestRcloneEndsWithItsContext(t *testing.T) {
	d, folder := rcloneFolder(t)
	put(t, d, "job/file", content(64<<20))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := d.Open(ctx, "job/file")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if err := d.Delete(ctx, "job/file"); !errors.Is(err, context.Canceled) {
		t.Errorf("delete: %v", err)
	}
	if names := filesBelow(t, folder); len(names) != 1 {
		t.Errorf("the folder holds %v", names)
	}
}
