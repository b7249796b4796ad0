package secrets

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestTheFileOfTheDataFolderIsMadeOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	text := sealed(t, NewKeyring(Source{Data: data}), "hunter2", "r", "f")
	info, err := os.Stat(filepath.Join(data, "secrets.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %o", info.Mode().Perm())
	}
	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			if plain, err := NewKeyring(Source{Data: data}).Unseal(text, "r", "f"); err != nil || string(plain) != "hunter2" {
				t.Errorf("another process opened %q: %v", plain, err)
			}
		})
	}
	together.Wait()
}

func TestKeysOfEveryForm(t *testing.T) {
	const std = "+/+/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	want := parsed(t, models.NewSecret(std)).id
	for name, text := range map[string]string{
		"with padding":       std,
		"without padding":    strings.TrimRight(std, "="),
		"for addresses":      strings.NewReplacer("+", "-", "/", "_").Replace(std),
		"blank lines":        "\n\n " + std + " \n",
		"a comment":          "# made in spring\n" + std + "\n",
		"another line below": std + "\n" + NewKey().Reveal(),
		"line ends of DOS":   std + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := parseKeys(text, "the file")
			if err != nil {
				t.Fatal(err)
			}
			if keys[0].id != want {
				t.Errorf("the first key is %s, want %s", keys[0].id, want)
			}
		})
	}
	for name, text := range map[string]string{
		"nothing":   "",
		"a comment": "# none yet\n",
		"too short": "c2hvcnQ=",
		"a word":    "correct horse battery staple",
		"too long":  std[:43] + std,
		"half good": std + "\nTOPSECRET\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseKeys(text, "the file")
			refused(t, err, models.ErrInvalid, "the file", "openssl rand -base64 32")
			if strings.Contains(err.Error(), "TOPSECRET") {
				t.Error("the sentence shows the line")
			}
		})
	}
}

func TestKeyFilesThatOthersCanReadAreRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		path := filepath.Join(t.TempDir(), "keys")
		writeKeys(t, path, NewKey())
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		refused(t, NewKeyring(Source{File: path}).Load(t.Context()), models.ErrInvalid, path, "chmod 600")
	}
}

func TestAKeyFileThatIsNotThereIsNotMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	refused(t, NewKeyring(Source{File: path}).Load(t.Context()), models.ErrInvalid, path, "not there")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a key file that was named was made")
	}
}

// A command that never ends, or leaves something behind that holds its output, does not
// hold up whoever needs the key.
func TestAKeyCommandThatDoesNotEnd(t *testing.T) {
	begun := filepath.Join(t.TempDir(), "begun")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(begun); err == nil {
				cancel()
			}
		}
	}()
	err := NewKeyring(Source{Command: []string{"/bin/sh", "-c", `: > "$1"; sleep 600`, "sh", begun}}).Load(ctx)
	refused(t, err, models.ErrInvalid, "did not end within 30s")
	err = NewKeyring(Source{Command: []string{"/bin/sh", "-c", `sleep 20 & echo "$1"`, "sh", NewKey().Reveal()}}).Load(t.Context())
	refused(t, err, models.ErrInvalid, "secrets.key_command (/bin/sh) failed")
}

func TestKeyCommands(t *testing.T) {
	key := NewKey()
	k := NewKeyring(Source{Command: []string{"/bin/echo", key.Reveal()}})
	opens(t, k, sealed(t, NewKeyring(Source{Key: key}), "hunter2", "r", "f"), "r", "f", "hunter2")
	sh := func(script string) []string { return []string{"/bin/sh", "-c", script} }
	for name, c := range map[string]struct {
		argv []string
		says []string
	}{
		"no such program":       {[]string{"/no/such/program"}, []string{"/no/such/program", "whole path"}},
		"it fails":              {sh("echo 'the vault is sealed' >&2; echo more >&2; exit 3"), []string{"/bin/sh", "exit status 3", "the vault is sealed"}},
		"it says nothing":       {sh("exit 1"), []string{"exit status 1"}},
		"it prints nothing":     {sh("true"), []string{"secrets.key_command", "no key"}},
		"it prints too much":    {sh("head -c 100000 /dev/zero"), []string{"prints more than keys"}},
		"arguments, no shell":   {[]string{"/bin/echo", "$(echo TOPSECRET)"}, []string{"not a key"}},
		"a key among its words": {sh("echo TOPSECRET"), []string{"not a key"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := NewKeyring(Source{Command: c.argv}).Load(t.Context())
			refused(t, err, models.ErrInvalid, c.says...)
			for _, hidden := range []string{"TOPSECRET", "more"} {
				if name != "it prints too much" && strings.Contains(err.Error(), hidden) {
					t.Errorf("%v shows %q", err, hidden)
				}
			}
		})
	}
}
