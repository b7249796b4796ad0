package servers

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/backupman/backupman/e2e/needs"
)

// SSHServer is a running OpenSSH server that this process's user may sign in to
// with a key. It serves SFTP and no shell, and knows itself by two host keys.
type SSHServer struct {
	Host string
	Port int
	// User is the account that the tests run as.
	User string
	// KeyFile is the path of the private key that lets User in.
	KeyFile string
	// PlainKeyFile is the path of another private key, which lets User in to SFTP
	// without OpenSSH's extensions, as other servers speak it.
	PlainKeyFile string
	// HostKey is the fingerprint of the server's ed25519 key, "SHA256:…".
	HostKey string
	// KnownHosts is the line of a known_hosts file with the ed25519 key, and
	// OtherKnownHosts the one with the ECDSA key.
	KnownHosts      string
	OtherKnownHosts string
	// Root is the path of an empty folder of the test's own.
	Root string
}

// sshDaemon is what all tests of a process share.
type sshDaemon struct {
	server SSHServer
	daemon *daemon
}

var sshd once[sshDaemon]

// SSH returns this process's OpenSSH server, started at the first call, with a
// folder of the test's own.
func SSH(t testing.TB) SSHServer {
	t.Helper()
	program := lookPath("sshd")
	if program == "" {
		needs.Missing(t, "needs sshd, which is not installed: apt-get install openssh-server")
	}
	d, err := sshd.get(func() (*sshDaemon, error) { return startSSH(program) })
	if err != nil {
		t.Fatalf("start sshd: %v", err)
	}
	server := d.server
	server.Root = t.TempDir()
	return server
}

func startSSH(program string) (s *sshDaemon, err error) {
	account, err := user.Current()
	if err != nil {
		return nil, err
	}
	d, err := newOwnDaemon("sshd")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.discard()
		}
	}()
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s = &sshDaemon{daemon: d, server: SSHServer{Host: "127.0.0.1", Port: port, User: account.Username}}
	if err := s.writeKeys(); err != nil {
		return nil, err
	}
	if err := makeSeparationFolder(); err != nil {
		return nil, err
	}
	config, err := d.write("sshd_config", s.config())
	if err != nil {
		return nil, err
	}
	if err := d.start(syscall.SIGTERM, program, "-D", "-e", "-f", config); err != nil {
		return nil, err
	}
	return s, d.await(s.greets)
}

// newOwnDaemon makes the folder of a server that runs as this process's user.
func newOwnDaemon(kind string) (*daemon, error) {
	folder, err := os.MkdirTemp("", "backupman-"+kind+"-")
	if err != nil {
		return nil, err
	}
	return &daemon{folder: folder, log: folder + "/server.log", exited: make(chan struct{})}, nil
}

// makeSeparationFolder makes the empty folder that an sshd of root locks its
// network side into. Debian's service makes it, which need not have run.
func makeSeparationFolder() error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.MkdirAll("/run/sshd", 0o755)
}

// writeKeys makes the server's keys and the user's, and notes what they are.
func (s *sshDaemon) writeKeys() error {
	_, own, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	_, host, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	_, plain, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	public, err := s.writeKey("user_key", own)
	if err != nil {
		return err
	}
	plainPublic, err := s.writeKey("plain_key", plain)
	if err != nil {
		return err
	}
	authorized := `command="internal-sftp" ` + string(ssh.MarshalAuthorizedKey(public)) +
		`command="internal-sftp -P posix-rename,fsync,statvfs,fstatvfs,hardlink" ` + string(ssh.MarshalAuthorizedKey(plainPublic))
	if _, err := s.daemon.write("authorized_keys", authorized); err != nil {
		return err
	}
	first, err := s.writeKey("host_ed25519", host)
	if err != nil {
		return err
	}
	second, err := s.writeKey("host_ecdsa", other)
	if err != nil {
		return err
	}
	address := []string{net.JoinHostPort(s.server.Host, strconv.Itoa(s.server.Port))}
	s.server.KeyFile, s.server.PlainKeyFile = s.daemon.path("user_key"), s.daemon.path("plain_key")
	s.server.HostKey = ssh.FingerprintSHA256(first)
	s.server.KnownHosts, s.server.OtherKnownHosts = knownhosts.Line(address, first), knownhosts.Line(address, second)
	return nil
}

func (s *sshDaemon) writeKey(name string, key crypto.Signer) (ssh.PublicKey, error) {
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, err
	}
	if _, err := s.daemon.write(name, string(pem.EncodeToMemory(block))); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(key.Public())
}

func (s *sshDaemon) config() string {
	lines := []string{
		"ListenAddress 127.0.0.1",
		"Port " + strconv.Itoa(s.server.Port),
		"HostKey " + s.daemon.path("host_ed25519"),
		"HostKey " + s.daemon.path("host_ecdsa"),
		"AuthorizedKeysFile " + s.daemon.path("authorized_keys"),
		"PidFile none",
		"StrictModes no",
		"UseDNS no",
		"MaxStartups 200",
		"PasswordAuthentication yes",
		"KbdInteractiveAuthentication yes",
		"PermitRootLogin prohibit-password",
		"LogLevel ERROR",
		"Subsystem sftp internal-sftp",
	}
	// Without PAM a root account that has no password counts as locked; only root
	// can use it.
	if os.Geteuid() == 0 {
		lines = append(lines, "UsePAM yes")
	}
	return strings.Join(lines, "\n") + "\n"
}

// greets reports whether the server shows its version.
func (s *sshDaemon) greets() error {
	conn, err := net.Dial("tcp", net.JoinHostPort(s.server.Host, strconv.Itoa(s.server.Port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	greeting := make([]byte, 4)
	if _, err := conn.Read(greeting); err != nil {
		return err
	}
	if !bytes.HasPrefix(greeting, []byte("SSH-")) {
		return fmt.Errorf("greeted with %q", greeting)
	}
	return nil
}

// removeAccount waits for the end of its input and removes an account, which a
// connection may still use.
const removeAccount = `read _; userdel --force "$1" 2>/dev/null`

// Account makes an account that signs in with a password, and its folder, until
// the test ends or this process does. Only root can: other users leave the test
// out.
func (s SSHServer) Account(t testing.TB) (name, password, folder string) {
	t.Helper()
	if os.Geteuid() != 0 {
		needs.Missing(t, "needs to make an account with a password: run the tests as root")
	}
	name, password = strings.ReplaceAll(uniqueName(), "_", ""), Password
	adder := lookPath("useradd")
	if adder == "" {
		needs.Missing(t, "needs useradd, which is not installed: apt-get install passwd")
	}
	folder = t.TempDir()
	if out, err := exec.Command(adder, "-M", "-N", "-d", folder, "-s", "/usr/sbin/nologin", name).CombinedOutput(); err != nil {
		t.Fatalf("make an account: %v: %s", err, out)
	}
	forget(t, name)
	change := exec.Command(lookPath("chpasswd"))
	change.Stdin = strings.NewReader(name + ":" + password + "\n")
	if out, err := change.CombinedOutput(); err != nil {
		t.Fatalf("set a password: %v: %s", err, out)
	}
	openFolder(t, folder, name)
	return name, password, folder
}

// forget removes an account when the test ends, and when this process is killed.
func forget(t testing.TB, name string) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", removeAccount, "forget", name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	leash, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("watch over an account: %v", err)
	}
	t.Cleanup(func() {
		_ = leash.Close()
		_ = cmd.Wait() // userdel complains of what is still in use and removes it
		if credential(name) != nil {
			t.Errorf("the account %s could not be removed: userdel --force %s", name, name)
		}
	})
}

// openFolder gives a test's folder to an account, which may pass those above.
func openFolder(t testing.TB, folder, name string) {
	t.Helper()
	owner := credential(name)
	if owner == nil {
		t.Fatalf("the account %s is not there", name)
	}
	if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	for above := folder; above != "/" && above != os.TempDir(); above = above[:strings.LastIndex(above, "/")] {
		if err := os.Chmod(above, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
