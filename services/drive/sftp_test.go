package drive_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
)

// sftpPlace is a place that a test changes before it opens the drive.
func sftpPlace(t *testing.T, s servers.SSHServer) drive.Place {
	t.Helper()
	return drive.Place{
		Label: "vault", Installation: "inst-1", StateDir: filepath.Join(t.TempDir(), "state"),
		Policy: drive.Policy{Attempts: 3, First: time.Millisecond, Most: time.Millisecond, Stall: 20 * time.Second},
		Settings: models.Settings{"host": s.Host, "port": strconv.Itoa(s.Port), "user": s.User, "key_file": s.KeyFile,
			"folder": s.Root + "/copies", "host_key": s.HostKey},
	}
}

func openSFTP(t *testing.T, p drive.Place) drive.Drive {
	t.Helper()
	kind, err := drive.Lookup("sftp")
	if err != nil {
		t.Fatal(err)
	}
	d, err := kind.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// writeFile makes a file for a test and returns its path.
func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSFTPConforms(t *testing.T) {
	s := servers.SSH(t)
	for name, key := range map[string]string{"OpenSSH": s.KeyFile, "without extensions": s.PlainKeyFile} {
		t.Run(name, func(t *testing.T) {
			p := sftpPlace(t, s)
			folder := filepath.Join(t.TempDir(), "copies")
			p.Settings["key_file"], p.Settings["folder"] = key, folder
			drivetest.Conform(t, sftpFolder(folder, drivetest.Fixture{
				Drive: openSFTP(t, p), PartSize: 32 << 10, Installation: p.Installation, Variant: name != "OpenSSH",
				Reopen: func(t *testing.T) drive.Drive { return openSFTP(t, p) },
			}))
		})
	}
}

// sftpFolder looks at a place that is a folder of this machine by that folder.
func sftpFolder(folder string, f drivetest.Fixture) drivetest.Fixture {
	f.Leftovers = func(t *testing.T) []string { return filesBelow(t, filepath.Dir(folder)) }
	f.Plant = func(t *testing.T, name string, age time.Duration) {
		path := writeFile(t, filepath.Join(folder, name), "x")
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	f.Abandon = func(t *testing.T, key string) {
		writeFile(t, filepath.Join(folder, filepath.Dir(key), "."+filepath.Base(key)+"."+models.NewID()+".partial"), "half")
	}
	return f
}

func TestSFTPKeepsFilesToItself(t *testing.T) {
	s := servers.SSH(t)
	d := openSFTP(t, sftpPlace(t, s))
	put(t, d, "job/file", []byte("secret"))
	for name, want := range map[string]os.FileMode{"copies": 0o700, "copies/job": 0o700, "copies/job/file": 0o600} {
		info, err := os.Stat(filepath.Join(s.Root, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestSFTPListsInKeyOrder(t *testing.T) {
	s := servers.SSH(t)
	d := openSFTP(t, sftpPlace(t, s))
	keys := []string{"a/x", "a-b/x", "a.b", "ab/c/d", "ab/c.d", "z"}
	for _, key := range keys {
		put(t, d, key, []byte(key))
	}
	writeFile(t, filepath.Join(s.Root, "copies", ".hidden", "file"), "")
	writeFile(t, filepath.Join(s.Root, "copies", "a", ".hidden"), "")
	if err := os.Symlink("/etc", filepath.Join(s.Root, "copies", "link")); err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	var got []string
	if err := d.List(t.Context(), "", func(s drive.Stored) error { got = append(got, s.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, keys) {
		t.Errorf("got %q, want %q", got, keys)
	}
}

// wantFault wants an error of a kind whose sentence says something.
func wantFault(t *testing.T, err, kind error, parts ...string) {
	t.Helper()
	var fault *models.Fault
	if !errors.As(err, &fault) || !errors.Is(err, kind) {
		t.Fatalf("got %v, want a fault of kind %q", err, kind)
	}
	for _, part := range parts {
		if !strings.Contains(fault.Sentence, part) {
			t.Errorf("%q does not say %q", fault.Sentence, part)
		}
	}
	if drive.Passing(err) {
		t.Errorf("%q counts as passing", fault.Sentence)
	}
}

func TestSFTPKnowsTheServer(t *testing.T) {
	s := servers.SSH(t)
	address := fmt.Sprintf("[%s]:%d", s.Host, s.Port)
	_, blob, _ := strings.Cut(s.KnownHosts, " ")
	_, other, _ := strings.Cut(s.OtherKnownHosts, " ")
	for name, c := range map[string]struct {
		pin, known string
		kind       error
		says       []string
	}{
		"pinned by its fingerprint":        {pin: s.HostKey},
		"pinned by its key":                {pin: blob},
		"pinned by its line":               {pin: s.KnownHosts},
		"pinned by its other key":          {pin: other},
		"known by its line":                {known: s.KnownHosts},
		"known by its other line":          {known: s.OtherKnownHosts},
		"known by both":                    {known: s.OtherKnownHosts + "\n" + s.KnownHosts},
		"unknown":                          {known: "# nobody", kind: models.ErrInvalid, says: []string{"vault", s.HostKey, "backupman trust vault"}},
		"another is pinned":                {pin: "SHA256:AAAA", kind: models.ErrInvalid, says: []string{"vault", "between", "host_key"}},
		"another key of a kind it has not": {known: address + " ssh-rsa " + rsaBlob, kind: models.ErrInvalid, says: []string{"between", "line 1", "known_hosts"}},
		"another key of the same kind":     {known: "# old\n" + address + " " + otherEd25519, kind: models.ErrInvalid, says: []string{"between", "line 2", "known_hosts"}},
		"known by its hash":                {known: knownhosts.HashHostname(address) + " " + blob},
		"known by a pattern":               {known: strings.Replace(address, ".0.1]", ".0.*]", 1) + " " + blob},
		"known for another port":           {known: s.Host + " " + blob, kind: models.ErrInvalid, says: []string{"vault", "backupman trust"}},
		"another key by its hash":          {known: knownhosts.HashHostname(address) + " " + otherEd25519, kind: models.ErrInvalid, says: []string{"between", "line 1"}},
		"revoked although it is known":     {known: s.KnownHosts + "\n@revoked * " + blob, kind: models.ErrInvalid, says: []string{"revoked", "line 2"}},
		"revoked":                          {known: "@revoked " + s.KnownHosts, kind: models.ErrInvalid, says: []string{"revoked"}},
		"a pin that is none":               {pin: "yes", kind: models.ErrInvalid, says: []string{"host_key", "vault"}},
		"a file that is none":              {known: "what is this", kind: models.ErrInvalid, says: []string{"known_hosts:1", "vault"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := sftpPlace(t, s)
			p.Settings["host_key"] = c.pin
			p.Settings["known_hosts"] = writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), c.known+"\n")
			_, err := openSFTP(t, p).Check(t.Context())
			if c.kind == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFault(t, err, c.kind, c.says...)
		})
	}
}

const (
	otherEd25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	rsaBlob      = "AAAAB3NzaC1yc2EAAAABIwAAAQEAq2A7hRGmdnm9tUDbO9IDSwBK6TbQa+PXYPCPy6rbTrTtw7PHkccKrpp0yVhp5HdEIcKr6pLlVDBfOLX9QUsyCOV0wzfjIJNlGEYsdlLJizHhbn2mUjvSAHQqZETYP81eFzLQNnPHt4EVVUh7VfDESU84KezmD5QlWpXLmvU31/yMf+Se8xhHTvKSCZIFImWwoG6mbUoWf9nzpIoaSjB+weqqUUmpaaasXVal72J+UX2B+2RPW3RcT0eOzQgqlJL3RKrTJvdsjE3JEAvGq3lGHSZXy28G3skua2SmVi/w4yCE6gbODqnTWlg7+wC604ydGXA8VJiS5ap43JXiUFFAaQ=="
)

func TestSFTPTrustsWhatAPersonAccepts(t *testing.T) {
	s := servers.SSH(t)
	p := sftpPlace(t, s)
	p.Settings["host_key"] = ""
	p.Settings["known_hosts"] = writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), "")
	accepted := writeFile(t, filepath.Join(p.StateDir, "known_hosts"), "elsewhere "+otherEd25519+"\n"+fmt.Sprintf("[%s]:%d ", s.Host, s.Port)+otherEd25519+"\n")
	truster, ok := drive.As[drive.Truster](openSFTP(t, p))
	if !ok {
		t.Fatal("no host keys to trust")
	}
	key, err := truster.HostKey(t.Context())
	if err != nil || key.Known || key.Fingerprint != s.HostKey || key.Line != s.KnownHosts {
		t.Fatalf("%+v, %v", key, err)
	}
	if err := truster.Trust(key); err != nil {
		t.Fatal(err)
	}
	want := "elsewhere " + otherEd25519 + "\n" + s.KnownHosts + "\n"
	if text, err := os.ReadFile(accepted); err != nil || string(text) != want {
		t.Errorf("accepted are %q, %v", text, err)
	}
	if info, err := os.Stat(accepted); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if again, err := truster.HostKey(t.Context()); err != nil || !again.Known {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := openSFTP(t, p).Check(t.Context()); err != nil {
		t.Error(err)
	}
	key.Line = "not a key"
	wantFault(t, truster.Trust(key), models.ErrInvalid, "vault")
}

func TestSFTPSignsIn(t *testing.T) {
	s := servers.SSH(t)
	name, password, folder := s.Account(t)
	account := func(t *testing.T, password string) drive.Place {
		p := sftpPlace(t, s)
		p.Settings["user"], p.Settings["password"], p.Settings["key_file"], p.Settings["folder"] = name, password, "", "backups/here"
		return p
	}
	t.Run("with a password", func(t *testing.T) {
		d := openSFTP(t, account(t, password))
		if stored := put(t, d, "job/file", []byte("x")); stored.Path != name+"@127.0.0.1:backups/here/job/file" {
			t.Errorf("stored at %s", stored.Path)
		}
		if names := filesBelow(t, folder); len(names) != 1 || names[0] != folder+"/backups/here/job/file" {
			t.Errorf("the account's folder holds %v", names)
		}
	})
	t.Run("not with a wrong one", func(t *testing.T) {
		_, err := openSFTP(t, account(t, "wrong")).Stat(t.Context(), "job/file")
		wantFault(t, err, models.ErrUnauthorized, "vault", name, "password")
		if strings.Contains(err.Error(), "wrong") {
			t.Errorf("%v tells the password", err)
		}
	})
	t.Run("not where it may not write", func(t *testing.T) {
		p := account(t, password)
		p.Settings["folder"] = "/etc/backups"
		_, err := openSFTP(t, p).Put(t.Context(), "job/file", strings.NewReader("x"), drive.Hint{})
		wantFault(t, err, models.ErrInvalid, "vault", name, "/etc/backups")
	})
	t.Run("not with nothing", func(t *testing.T) {
		_, err := openSFTP(t, account(t, "")).Check(t.Context())
		wantFault(t, err, models.ErrInvalid, "vault", "password", "key_file", "agent")
	})
}

func TestSFTPKeys(t *testing.T) {
	s := servers.SSH(t)
	text, err := os.ReadFile(s.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key.(crypto.PrivateKey), "", []byte("opens it"))
	if err != nil {
		t.Fatal(err)
	}
	encrypted := writeFile(t, filepath.Join(t.TempDir(), "key"), string(pem.EncodeToMemory(block)))
	t.Setenv("SSH_AUTH_SOCK", sshAgent(t, key))
	for name, c := range map[string]struct {
		settings models.Settings
		says     []string
	}{
		"encrypted":                    {settings: models.Settings{"key_file": encrypted, "key_passphrase": "opens it"}},
		"an agent":                     {settings: models.Settings{"agent": "true"}},
		"a passphrase that is not due": {settings: models.Settings{"key_file": s.KeyFile, "key_passphrase": "x"}},
		"without the passphrase":       {models.Settings{"key_file": encrypted}, []string{"vault", encrypted, "key_passphrase"}},
		"with a wrong passphrase":      {models.Settings{"key_file": encrypted, "key_passphrase": "x"}, []string{"vault", encrypted, "key_passphrase"}},
		"a missing file":               {models.Settings{"key_file": "/nowhere/key"}, []string{"vault", "/nowhere/key", "key_file"}},
		"a file that is no key":        {models.Settings{"key_file": "/etc/passwd"}, []string{"vault", "/etc/passwd"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := sftpPlace(t, s)
			delete(p.Settings, "key_file")
			maps.Copy(p.Settings, c.settings)
			_, err := openSFTP(t, p).Check(t.Context())
			if c.says == nil && err != nil {
				t.Error(err)
			}
			if c.says != nil {
				wantFault(t, err, models.ErrInvalid, c.says...)
			}
		})
	}
}

// sshAgent serves a key as an SSH agent does and returns its socket.
func sshAgent(t *testing.T, key any) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "agent") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", folder+"/s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = agent.ServeAgent(keys, conn)
				_ = conn.Close()
			}()
		}
	}()
	return folder + "/s"
}

// sftpProxy passes connections on to a server until a test cuts them.
type sftpProxy struct {
	port string
	// allowance is how many bytes to the server pass before each cut, and cuts how
	// many cuts are left.
	allowance atomic.Int64
	cuts      atomic.Int64
	// silent keeps back what the server says from now on, on every connection on
	// which it says something meanwhile; silenced counts those.
	silent   atomic.Bool
	silenced atomic.Int64
	// stall lets a connection hang where it would be cut.
	stall   atomic.Bool
	accepts atomic.Int64
	sent    atomic.Int64
}

func newSFTPProxy(t *testing.T, s servers.SSHServer) *sftpProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	p := &sftpProxy{port: port}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.accepts.Add(1)
			go p.pass(client, net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
		}
	}()
	return p
}

func (p *sftpProxy) pass(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		buffer := make([]byte, 8<<10)
		silenced := false
		for {
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			if p.silent.Load() && !silenced {
				silenced = true
				p.silenced.Add(1)
			}
			if silenced {
				continue
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	passed := int64(0)
	buffer := make([]byte, 8<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		passed += int64(n)
		p.sent.Add(int64(n))
		if limit := p.allowance.Load(); limit > 0 && passed > limit && p.cuts.Add(-1) >= 0 {
			if p.stall.Load() {
				_, _ = io.Copy(io.Discard, client)
			}
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// again returns a hint that opens data once more, and counts from where.
func again(data []byte, offsets *[]int64) drive.Hint {
	return drive.Hint{Again: func(_ context.Context, offset int64) (io.ReadCloser, error) {
		*offsets = append(*offsets, offset)
		return io.NopCloser(bytes.NewReader(data[offset:])), nil
	}}
}

func TestSFTPGoesOnAfterABreak(t *testing.T) {
	s := servers.SSH(t)
	proxy := newSFTPProxy(t, s)
	p := sftpPlace(t, s)
	p.Settings["port"] = proxy.port
	d := openSFTP(t, p)
	data := content(24 << 20)
	var offsets []int64
	hint := again(data, &offsets)
	var taken atomic.Int64
	hint.Progress = taken.Store
	proxy.allowance.Store(5 << 20)
	proxy.cuts.Store(4)
	stored, err := d.Put(t.Context(), "job/file", bytes.NewReader(data), hint)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Size != int64(len(data)) || taken.Load() != stored.Size || !bytes.Equal(get(t, d, "job/file"), data) {
		t.Errorf("stored %+v, told %d", stored, taken.Load())
	}
	if len(offsets) != 4 || offsets[0] < 2<<20 || !slices.IsSorted(offsets) {
		t.Errorf("went on at %v", offsets)
	}
	if most := int64(len(data)) + 4*(3<<20); proxy.sent.Load() > most {
		t.Errorf("sent %d bytes for %d", proxy.sent.Load(), len(data))
	}
	if names := filesBelow(t, s.Root); len(names) != 1 {
		t.Errorf("the folder holds %v", names)
	}
}

func TestSFTPGivesUpAfterItsAttempts(t *testing.T) {
	s := servers.SSH(t)
	proxy := newSFTPProxy(t, s)
	p := sftpPlace(t, s)
	p.Settings["port"] = proxy.port
	var offsets []int64
	proxy.allowance.Store(6 << 10) // signs in, and not much more
	proxy.cuts.Store(3)
	_, err := openSFTP(t, p).Put(t.Context(), "job/file", bytes.NewReader(content(1<<20)), again(content(1<<20), &offsets))
	if err == nil || !drive.Passing(err) || !strings.Contains(err.Error(), "vault") {
		t.Errorf("got %v", err)
	}
	if names := filesBelow(t, s.Root); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestSFTPFailsWithoutTheContent(t *testing.T) {
	s := servers.SSH(t)
	proxy := newSFTPProxy(t, s)
	p := sftpPlace(t, s)
	p.Settings["port"] = proxy.port
	proxy.allowance.Store(3 << 20)
	proxy.cuts.Store(1)
	_, err := openSFTP(t, p).Put(t.Context(), "job/file", bytes.NewReader(content(9<<20)), drive.Hint{})
	if !drive.Passing(err) {
		t.Errorf("got %v", err)
	}
	if names := filesBelow(t, s.Root); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// A connection that died while nobody used it is replaced unseen.
func TestSFTPReplacesADeadConnection(t *testing.T) {
	s := servers.SSH(t)
	proxy := newSFTPProxy(t, s)
	p := sftpPlace(t, s)
	p.Settings["port"] = proxy.port
	d := openSFTP(t, p)
	put(t, d, "job/file", []byte("x"))
	put(t, d, "job/file", []byte("y"))
	if n := proxy.accepts.Load(); n != 1 {
		t.Errorf("%d connections for two copies", n)
	}
	proxy.allowance.Store(1)
	proxy.cuts.Store(1)
	if got := string(get(t, d, "job/file")); got != "y" {
		t.Errorf("got %q", got)
	}
	if n := proxy.accepts.Load(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

func TestSFTPReaderFailsWhenTheConnectionBreaks(t *testing.T) {
	s := servers.SSH(t)
	d := openSFTP(t, sftpPlace(t, s))
	data := content(8 << 20)
	put(t, d, "job/file", data)
	proxy := newSFTPProxy(t, s)
	p := sftpPlace(t, s)
	p.Settings["port"] = proxy.port
	proxy.allowance.Store(20 << 10) // some requests to read are this long
	proxy.cuts.Store(1)
	r, err := openSFTP(t, p).Open(t.Context(), "job/file")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if len(got) == 0 || len(got) >= len(data) || !drive.Passing(err) || !bytes.Equal(got, data[:len(got)]) {
		t.Errorf("got %d of %d bytes, %v", len(got), len(data), err)
	}
}

func TestSFTPReaderFailsWhenTheFileShrinks(t *testing.T) {
	s := servers.SSH(t)
	d := openSFTP(t, sftpPlace(t, s))
	put(t, d, "job/file", content(8<<20))
	r, err := d.Open(t.Context(), "job/file")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(filepath.Join(s.Root, "copies/job/file"), 7<<20); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err == nil || len(got) > 7<<20 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// A context that ends frees every operation although the server says nothing.
func TestSFTPEndsWithItsContext(t *testing.T) {
	s := servers.SSH(t)
	proxy := newSFTPProxy(t, s)
	p := sftpPlace(t, s)
	p.Settings["port"] = proxy.port
	d := openSFTP(t, p)
	put(t, d, "job/file", content(4<<20))
	for name, do := range map[string]func(ctx context.Context) error{
		"put": func(ctx context.Context) error {
			_, err := d.Put(ctx, "job/other", bytes.NewReader(content(9<<20)), drive.Hint{})
			return err
		},
		"open":  func(ctx context.Context) error { _, err := d.Open(ctx, "job/file"); return err },
		"stat":  func(ctx context.Context) error { _, err := d.Stat(ctx, "job/file"); return err },
		"list":  func(ctx context.Context) error { return d.List(ctx, "", func(drive.Stored) error { return nil }) },
		"check": func(ctx context.Context) error { _, err := d.Check(ctx); return err },
		"sweep": func(ctx context.Context) error { return d.Sweep(ctx, "job/file") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			proxy.silent.Store(true)
			before := proxy.silenced.Load()
			done := make(chan error, 1)
			go func() { done <- do(ctx) }()
			for proxy.silenced.Load() == before { // an answer was kept back
				time.Sleep(time.Millisecond)
			}
			proxy.silent.Store(false)
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
	if names := filesBelow(t, s.Root); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestSFTPGoesOnWhenTheServerFallsSilent(t *testing.T) {
	s := servers.SSH(t)
	proxy := newSFTPProxy(t, s)
	p := sftpPlace(t, s)
	p.Settings["port"] = proxy.port
	p.Policy.Stall, p.Policy.Attempts = 500*time.Millisecond, 20
	data := content(12 << 20)
	var offsets []int64
	proxy.allowance.Store(5 << 20)
	proxy.stall.Store(true)
	proxy.cuts.Store(2)
	d := openSFTP(t, p)
	if _, err := d.Put(t.Context(), "job/file", bytes.NewReader(data), again(data, &offsets)); err != nil {
		t.Fatal(err)
	}
	patient := openSFTP(t, sftpPlace(t, s))
	if !bytes.Equal(get(t, patient, "job/file"), data) || len(offsets) < 2 || offsets[0] == 0 {
		t.Errorf("went on at %v", offsets)
	}
}

func TestSFTPFullDisk(t *testing.T) {
	s := servers.SSH(t)
	copies := filepath.Join(s.Root, "copies")
	if err := os.MkdirAll(copies, 0o700); err != nil {
		t.Fatal(err)
	}
	needs.SmallDisk(t, copies, 4<<20)
	d := openSFTP(t, sftpPlace(t, s))
	_, err := d.Put(t.Context(), "job/file", bytes.NewReader(content(6<<20)), drive.Hint{})
	wantFault(t, err, models.ErrNoSpace, "vault", copies)
	_, err = d.Put(t.Context(), "job/file", strings.NewReader(""), drive.Hint{ExpectedSize: 6 << 20})
	wantFault(t, err, models.ErrNoSpace, "vault", "6 MB")
	if names := filesBelow(t, s.Root); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
	put(t, d, "job/file", content(1<<20))
}

// Where a copy finds no room its drive does not work, and the manifest of one that is
// there already is written all the same.
func TestSFTPWithLessThanTheReserve(t *testing.T) {
	s := servers.SSH(t)
	copies := filepath.Join(s.Root, "copies")
	if err := os.MkdirAll(copies, 0o700); err != nil {
		t.Fatal(err)
	}
	needs.SmallDisk(t, copies, 2<<20)
	d := openSFTP(t, sftpPlace(t, s))
	if _, err := d.Check(t.Context()); err != nil {
		t.Errorf("with room: %v", err)
	}
	writeFile(t, filepath.Join(copies, "others"), string(content(3<<19)))
	_, err := d.Check(t.Context())
	wantFault(t, err, models.ErrNoSpace, "vault", copies)
	_, err = d.Put(t.Context(), "job/file", strings.NewReader(""), drive.Hint{ExpectedSize: 1<<20 + 1})
	wantFault(t, err, models.ErrNoSpace, "vault", copies)
	put(t, d, "job/file.json", content(1<<10))
	if names := filesBelow(t, s.Root); len(names) != 2 {
		t.Errorf("the folder holds %v", names)
	}
}

func TestSFTPUnreachable(t *testing.T) {
	s := servers.SSHServer{Host: "127.0.0.1", Port: 1, User: "u", HostKey: "SHA256:AAAA", Root: "/x"}
	p := sftpPlace(t, s)
	p.Settings["key_file"], p.Settings["password"] = "", "p"
	_, err := openSFTP(t, p).Stat(t.Context(), "job/file")
	if !drive.Passing(err) || !strings.Contains(err.Error(), "vault") {
		t.Errorf("got %v", err)
	}
}
