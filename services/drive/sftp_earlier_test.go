package drive_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// fingerprintOf is the fingerprint of a key as in a .pub file.
func fingerprintOf(t *testing.T, line string) string {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key)
}

func earlierKeys(t *testing.T, p drive.Place) []drive.EarlierKey {
	t.Helper()
	server, ok := drive.As[interface {
		EarlierKeys() ([]drive.EarlierKey, error)
	}](openSFTP(t, p))
	if !ok {
		t.Fatal("the drive does not tell its earlier keys")
	}
	keys, err := server.EarlierKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// The way out of another key depends on who keeps the old one.
func TestSFTPShowsAnotherKeyThanBefore(t *testing.T) {
	s := servers.SSH(t)
	old := fmt.Sprintf("[%s]:%d %s\n", s.Host, s.Port, otherEd25519)
	shown := fingerprintOf(t, otherEd25519)
	for name, c := range map[string]struct {
		pin, person, accepted string
		// where is %p for the person's file and %a for that of accepted keys.
		where, says, never string
		stays              bool
	}{
		"accepted":      {accepted: old, where: "%a, line 1", says: "the new key, run: backupman trust vault", never: "remove"},
		"in the person": {person: "# mine\n" + old, where: "%p, line 2", says: "run: backupman trust vault, and remove line 2 of %p", stays: true},
		"pinned":        {pin: shown, where: "the setting host_key", says: "set host_key to it", never: "backupman trust", stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := sftpPlace(t, s)
			p.Settings["host_key"] = c.pin
			p.Settings["known_hosts"] = writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), c.person)
			files := strings.NewReplacer("%p", p.Settings["known_hosts"], "%a", writeFile(t, filepath.Join(p.StateDir, "known_hosts"), c.accepted))
			_, err := openSFTP(t, p).Check(t.Context())
			if models.RemedyOf(err.Error()) != models.RemedyKey {
				t.Errorf("%q does not lead to the key", err)
			}
			wantFault(t, err, models.ErrInvalid, "another key", "between", files.Replace(c.where), files.Replace(c.says))
			if c.never != "" && strings.Contains(err.Error(), c.never) {
				t.Errorf("%q says %q", err, c.never)
			}
			want := []drive.EarlierKey{{Fingerprint: shown, Where: files.Replace(c.where), Stays: c.stays}}
			if got := earlierKeys(t, p); !slices.Equal(got, want) {
				t.Errorf("earlier keys %+v, want %+v", got, want)
			}
		})
	}
}

func TestSFTPHasNoEarlierKeysOfAServerThatIsNew(t *testing.T) {
	p := sftpPlace(t, servers.SSHServer{Host: "127.0.0.1", Port: 1, User: "u", Root: "/x"})
	authority := "@cert-authority * " + otherEd25519 + "\nelsewhere " + otherEd25519 + "\n"
	p.Settings["known_hosts"] = writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), authority)
	if got := earlierKeys(t, p); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}
