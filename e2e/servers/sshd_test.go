package servers

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/backupman/backupman/e2e/needs"
)

// The vendor's own client stores a file, and knows the server by its line.
func TestSSH(t *testing.T) {
	s := SSH(t)
	client := needs.Program(t, "sftp", "openssh-client")
	known := filepath.Join(t.TempDir(), "known_hosts")
	batch := filepath.Join(t.TempDir(), "batch")
	for path, text := range map[string]string{known: s.KnownHosts + "\n", batch: "put " + known + " " + s.Root + "/stored\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), client, "-F", "none", "-b", batch, "-i", s.KeyFile, "-P", strconv.Itoa(s.Port),
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile="+known, s.User+"@"+s.Host).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if stored, err := os.ReadFile(s.Root + "/stored"); err != nil || string(stored) != s.KnownHosts+"\n" {
		t.Errorf("stored %q, %v", stored, err)
	}
}

func TestSSHAccount(t *testing.T) {
	s := SSH(t)
	var name string
	outer := t
	t.Run("signs in", func(t *testing.T) {
		account, password, _ := s.Account(t)
		name = account
		known := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(known, []byte(s.KnownHosts+"\n"+s.OtherKnownHosts+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		check, err := knownhosts.New(known)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := ssh.Dial("tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), &ssh.ClientConfig{
			User: account, Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: check,
		})
		if err != nil {
			t.Fatal(err)
		}
		outer.Cleanup(func() { _ = conn.Close() }) // it outlives the account
	})
	if credential(name) != nil {
		t.Errorf("the account %s outlives its test", name)
	}
}
