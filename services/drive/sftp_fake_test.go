package drive_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// sftpFake is a server without OpenSSH's extensions whose renames a test can spoil.
// Its files are in memory.
type sftpFake struct {
	place drive.Place
	// refuse says which renames fail.
	refuse func(from, to string) bool
	// lose ends the connection in the place of the answer to the next rename.
	lose atomic.Bool
}

// sftpFakeRenames stands before the server's own way to rename.
type sftpFakeRenames struct {
	sftp.FileCmder
	fake *sftpFake
	end  func()
}

func (f sftpFakeRenames) Filecmd(r *sftp.Request) error {
	if r.Method == "Rename" && f.fake.refuse != nil && f.fake.refuse(r.Filepath, r.Target) {
		return sftp.ErrSSHFxFailure
	}
	err := f.FileCmder.Filecmd(r)
	if r.Method == "Rename" && f.fake.lose.CompareAndSwap(true, false) {
		f.end()
	}
	return err
}

func newSFTPFake(t *testing.T) *sftpFake {
	t.Helper()
	if err := sftp.SetSFTPExtensions(); err != nil {
		t.Fatal(err)
	}
	return startSFTPFake(t, newSFTPFakeKey(t), &ssh.ServerConfig{NoClientAuth: true})
}

func newSFTPFakeKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// startSFTPFake starts a server that shows a key and lets in whom its configuration does.
func startSFTPFake(t *testing.T, key ssh.Signer, config *ssh.ServerConfig) *sftpFake {
	t.Helper()
	config.AddHostKey(key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	f := &sftpFake{place: drive.Place{
		Label: "vault", Policy: drive.Policy{Attempts: 1, Stall: 20 * time.Second},
		Settings: models.Settings{"host": "127.0.0.1", "port": port, "user": "u", "password": "p", "folder": "/copies", "host_key": ssh.FingerprintSHA256(key.PublicKey())},
	}}
	files := sftp.InMemHandler()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(conn, config, files)
		}
	}()
	return f
}

func (f *sftpFake) serve(conn net.Conn, config *ssh.ServerConfig, files sftp.Handlers) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	files.FileCmd = sftpFakeRenames{files.FileCmd, f, func() { _ = conn.Close() }}
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			for request := range asked {
				_ = request.Reply(request.Type == "subsystem", nil)
			}
		}()
		go func() { _ = sftp.NewRequestServer(channel, files).Serve() }()
	}
}

// An authority may vouch for a server: for the very host, and for a time.
func TestSFTPBelievesAnAuthority(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	line := " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(authority.PublicKey())))
	for name, c := range map[string]struct {
		mark, host string
		valid      time.Duration
		plain      bool
		says       string
	}{
		"vouched for":       {"@cert-authority", "127.0.0.1", time.Hour, false, ""},
		"for another host":  {"@cert-authority", "elsewhere", time.Hour, false, "cannot be trusted"},
		"in the past":       {"@cert-authority", "127.0.0.1", -time.Hour, false, "cannot be trusted"},
		"not an authority":  {"", "127.0.0.1", time.Hour, false, "in common"},
		"revoked":           {"@revoked", "127.0.0.1", time.Hour, false, ""},
		"without its vouch": {"@cert-authority", "127.0.0.1", time.Hour, true, "another key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, own, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			key, err := ssh.NewSignerFromKey(own)
			if err != nil {
				t.Fatal(err)
			}
			cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{c.host}, ValidBefore: uint64(time.Now().Add(c.valid).Unix())}
			if err := cert.SignCert(rand.Reader, authority); err != nil {
				t.Fatal(err)
			}
			shown := key
			if !c.plain {
				if shown, err = ssh.NewCertSigner(cert, key); err != nil {
					t.Fatal(err)
				}
			}
			f := startSFTPFake(t, shown, &ssh.ServerConfig{NoClientAuth: true})
			known := strings.TrimSpace(c.mark + " [127.0.0.1]:" + f.place.Settings["port"] + line)
			f.place.Settings["host_key"] = ""
			f.place.Settings["known_hosts"] = writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), known+"\n")
			_, err = openSFTP(t, f.place).Check(t.Context())
			if trusted := c.says == "" && c.mark == "@cert-authority"; trusted != (err == nil) {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				wantFault(t, err, models.ErrInvalid, "vault", c.says)
			}
		})
	}
}

// A server that has enough of wrong attempts breaks off; to come back makes it worse.
func TestSFTPSignsInNoMoreAfterTooManyAttempts(t *testing.T) {
	f := startSFTPFake(t, newSFTPFakeKey(t), &ssh.ServerConfig{MaxAuthTries: 1, PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
		return nil, errors.New("no")
	}})
	_, err := openSFTP(t, f.place).Stat(t.Context(), "job/file")
	wantFault(t, err, models.ErrUnauthorized, "vault", "too many", "agent")
}

// A wrong password is that, in whatever way the server says so: each further sign-in
// brings the account closer to being locked.
func TestSFTPTakesARefusedSignInForFinal(t *testing.T) {
	refused := errors.New("no")
	for name, asks := range map[string]func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error){
		"without a question": func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			return nil, refused
		},
		"after a question": func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			_, err := ask("", "", []string{"Password: "}, []bool{false})
			return nil, errors.Join(refused, err)
		},
		"with one question after the other": func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			_, first := ask("", "", []string{"Password: "}, []bool{false})
			_, second := ask("", "", []string{"Code: "}, []bool{false})
			return nil, errors.Join(refused, first, second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int64
			f := startSFTPFake(t, newSFTPFakeKey(t), &ssh.ServerConfig{KeyboardInteractiveCallback: asks,
				PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
					tries.Add(1)
					return nil, refused
				}})
			f.place.Policy.Attempts = 3
			d, err := drive.Wrap(openSFTP(t, f.place), f.place)
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Check(t.Context())
			wantFault(t, err, models.ErrUnauthorized, "vault", "password")
			if models.RemedyOf(err.Error()) != models.RemedySettings {
				t.Errorf("%q does not lead to the settings", err)
			}
			if tries.Load() != 1 {
				t.Errorf("%d sign-ins with one wrong password", tries.Load())
			}
		})
	}
}

// When only the answer to the last step is lost, the copy is there, and that is no
// failure.
func TestSFTPFindsOutThatItPublished(t *testing.T) {
	f := newSFTPFake(t)
	d := openSFTP(t, f.place)
	f.lose.Store(true)
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("whole"), drive.Hint{}); err != nil {
		t.Errorf("put: %v", err)
	}
	if f.lose.Load() {
		t.Error("no answer was lost")
	}
	if got := string(get(t, d, "job/file")); got != "whole" {
		t.Errorf("got %q", got)
	}
}

// When the unfinished copy is gone, an earlier one of the same length is not taken for it.
func TestSFTPTakesNoEarlierCopyForItsOwn(t *testing.T) {
	p := sftpPlace(t, servers.SSH(t))
	d, folder := openSFTP(t, p), filepath.Join(p.Settings["folder"], "job")
	put(t, d, "job/file", []byte("earlier"))
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(folder, "file"), past, past); err != nil {
		t.Fatal(err)
	}
	sweep := func() error {
		for _, name := range filesBelow(t, folder) {
			if strings.HasSuffix(name, ".partial") {
				return os.Remove(name)
			}
		}
		return errors.New("there is no unfinished copy")
	}
	r := io.MultiReader(strings.NewReader("another"), atEOF(sweep))
	if _, err := d.Put(t.Context(), "job/file", r, drive.Hint{}); err == nil {
		t.Error("the earlier copy was taken for the new one")
	}
}

// An earlier copy outlives a new one that cannot have its name.
func TestSFTPKeepsTheEarlierCopyWhenARenameFails(t *testing.T) {
	f := newSFTPFake(t)
	d := openSFTP(t, f.place)
	put(t, d, "job/file", []byte("earlier"))
	var partial string
	f.refuse = func(from, to string) bool {
		if to == "/copies/job/file" && partial == "" {
			partial = from
		}
		return from == partial
	}
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("another"), drive.Hint{}); err == nil {
		t.Error("a name that cannot be given is no error")
	}
	if got := string(get(t, d, "job/file")); got != "earlier" {
		t.Errorf("got %q", got)
	}
	f.refuse = nil
	put(t, d, "job/file", []byte("another"))
	if got := string(get(t, d, "job/file")); got != "another" {
		t.Errorf("got %q", got)
	}
	if err := d.Delete(t.Context(), "job/file"); err != nil {
		t.Fatal(err)
	}
	// The folder went with its last file only when nothing hidden was left in it.
	raw := openSFTP(t, f.place)
	if _, err := raw.Put(t.Context(), "job", strings.NewReader("x"), drive.Hint{}); err != nil {
		t.Errorf("the folder is still there: %v", err)
	}
}

// What has a key's name and is no file is nobody's copy.
func TestSFTPTouchesNoFolders(t *testing.T) {
	f := newSFTPFake(t)
	d := openSFTP(t, f.place)
	put(t, d, "job/folder/file", []byte("x"))
	if err := d.Delete(t.Context(), "job/folder/file"); err != nil {
		t.Fatal(err)
	}
	put(t, d, "job/other/file", []byte("x"))
	if err := d.Delete(t.Context(), "job/other"); err != nil {
		t.Errorf("delete: %v", err)
	}
	_, err := d.Put(t.Context(), "job/other", strings.NewReader("y"), drive.Hint{})
	wantFault(t, err, models.ErrConflict, "vault", "job/other")
	if got := string(get(t, d, "job/other/file")); got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestSFTPDeletesNoEmptyFolder(t *testing.T) {
	p := sftpPlace(t, servers.SSH(t))
	folder := filepath.Join(p.Settings["folder"], "job", "empty")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := openSFTP(t, p).Delete(t.Context(), "job/empty"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("the folder is gone: %v", err)
	}
}

// An agent that waits for its person does not hold up who does not wait.
func TestSFTPSilentAgent(t *testing.T) {
	folder, err := os.MkdirTemp("", "agent") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := net.Listen("unix", folder+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan net.Conn, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			asked <- conn
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", folder+"/s")
	f := newSFTPFake(t)
	f.place.Settings["agent"] = "true"
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := openSFTP(t, f.place).Stat(ctx, "job/file"); done <- err }()
	conn := <-asked
	defer conn.Close()
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it waits for the agent")
	}
}

func TestSFTPRefusesSettingsThatAreNone(t *testing.T) {
	for name, change := range map[string]models.Settings{
		"port":        {"port": "70000"},
		"no port":     {"port": "0"},
		"two hosts":   {"host": "a b"},
		"an address":  {"host": "sftp://host"},
		"with a port": {"host": "host:22"},
		"with a user": {"host": "me@host"},
	} {
		settings := models.Settings{"host": "host", "user": "u", "folder": "x", "password": "p"}
		for k, v := range change {
			settings[k] = v
		}
		kind, err := drive.Lookup("sftp")
		if err != nil {
			t.Fatal(err)
		}
		_, err = kind.Open(drive.Place{Label: "vault", Settings: settings})
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "vault") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, host := range []string{"::1", "[::1]", "vault.example.com", "10.0.0.1"} {
		openSFTP(t, drive.Place{Label: "vault", Settings: models.Settings{"host": host, "user": "u", "folder": "x"}})
	}
}

// A server at an IPv6 address is known by the line that was accepted for it.
func TestSFTPTrustsAnIPv6Address(t *testing.T) {
	state := t.TempDir()
	p := drive.Place{Label: "vault", StateDir: state, Settings: models.Settings{"host": "::1", "user": "u", "folder": "x", "password": "p", "known_hosts": writeFile(t, filepath.Join(t.TempDir(), "none"), "")}}
	truster, _ := drive.As[drive.Truster](openSFTP(t, p))
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(otherEd25519))
	if err != nil {
		t.Fatal(err)
	}
	if err := truster.Trust(drive.HostKey{Line: otherEd25519, Fingerprint: ssh.FingerprintSHA256(public)}); err != nil {
		t.Fatal(err)
	}
	if known := drive.SFTPKnown(openSFTP(t, p), public); known != nil {
		t.Errorf("after it was accepted: %v", known)
	}
}

// An old key of a kind that nobody should trust any more is not asked for.
func TestSFTPRefusesUnsafeKeys(t *testing.T) {
	p := drive.Place{Label: "vault", Settings: models.Settings{"host": "127.0.0.1", "port": "1", "user": "u", "folder": "x", "password": "p",
		"host_key": "ssh-dss " + dsaBlob}}
	_, err := openSFTP(t, p).Stat(t.Context(), "job/file")
	wantFault(t, err, models.ErrInvalid, "vault", "ssh-dss", "host_key")
}

// After its own attempts it says that it has tried, so that nobody around it starts anew.
func TestSFTPSaysThatItHasTried(t *testing.T) {
	p := drive.Place{Label: "vault", Policy: drive.Policy{Attempts: 2, First: time.Millisecond, Most: time.Millisecond},
		Settings: models.Settings{"host": "127.0.0.1", "port": "1", "user": "u", "folder": "x", "password": "p", "host_key": "SHA256:AAAA"}}
	_, err := openSFTP(t, p).Put(t.Context(), "job/file", bytes.NewReader(nil), drive.Hint{
		Again: func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }})
	var passing *drive.PassingError
	var fault *models.Fault
	if !errors.As(err, &passing) || !passing.Tried {
		t.Errorf("got %#v", err)
	}
	if !errors.As(err, &fault) || !strings.Contains(fault.Sentence, "refuses the connection") || strings.Contains(err.Error(), "tcp") {
		t.Errorf("it says %v", err)
	}
}

// dsaBlob is a key in the form of ssh-dss.
const dsaBlob = "AAAAB3NzaC1kc3MAAACBAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAFQCAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAECAAAAAQM="
