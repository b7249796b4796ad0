package drives

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// sshBytes is about how many bytes a sign-in takes in each direction.
const sshBytes = 6000

func sftpPlace(t *testing.T, server servers.SSHServer, address, root string) place {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	must(t, err)
	return folderPlace("sftp", models.Settings{"host": host, "port": port, "user": server.User, "key_file": server.KeyFile,
		"folder": root, "host_key": server.HostKey}, root)
}

func TestSFTPWithstandsFaults(t *testing.T) {
	t.Parallel()
	server := servers.SSH(t)
	proxy := servers.TCPProxy(t, net.JoinHostPort(server.Host, strconv.Itoa(server.Port)))
	l := newLab(t, sftpPlace(t, server, proxy.Address, server.Root))
	n := l.withstands(t, tcpFaults(proxy, 3<<20))
	t.Logf("%d faults struck", n)
}

// tcpFaults cut, hold and refuse connections at many places of a copy of so many bytes.
func tcpFaults(proxy *servers.TCP, size int64) []fault {
	var faults []fault
	add := func(name string, lasting, stalls bool, arm func(t *testing.T) func() int) {
		faults = append(faults, fault{name: name, size: size, lasting: lasting, stalls: stalls, arm: arm, disarm: func(t *testing.T) { proxy.Pass(t) }})
	}
	cut := func(name string, d servers.Direction, after int64) {
		add(fmt.Sprintf("disconnected after %d bytes %s", after, name), false, false, func(*testing.T) func() int {
			proxy.Reset() // so that what signs in is counted, too
			before := proxy.Cuts()
			proxy.Cut(d, after)
			return func() int { return proxy.Cuts() - before }
		})
	}
	for _, after := range []int64{0, 20, 500, 1500, 2500, 3000, 3500} {
		cut("up", servers.Up, after)
		cut("down", servers.Down, after)
	}
	for i := int64(1); i <= 24; i++ {
		cut("up", servers.Up, sshBytes+i*size/25)
	}
	for i := int64(1); i <= 8; i++ {
		cut("up", servers.Up, size+i*3000)
		cut("down", servers.Down, sshBytes+i*size/9)
	}
	add("refused", true, false, func(*testing.T) func() int {
		proxy.Refuse()
		proxy.Reset()
		return func() int { return 1 }
	})
	add("stalled", true, true, func(*testing.T) func() int {
		proxy.Reset()
		proxy.Stall()
		return func() int { return 1 }
	})
	return faults
}

func TestDrivesWithstandAFullDisk(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	needs.SmallDisk(t, root, 4<<20)
	ssh := servers.SSH(t)
	for name, p := range map[string]place{
		"local": folderPlace("local", models.Settings{"folder": filepath.Join(root, "local")}, filepath.Join(root, "local")),
		"sftp":  sftpPlace(t, ssh, net.JoinHostPort(ssh.Host, strconv.Itoa(ssh.Port)), filepath.Join(root, "sftp")),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, p)
			b := l.run(t, l.backups, 8<<20)
			if bad := copyOn(b, 1); bad.Status != models.StatusFailed || copyOn(b, 0).Status != models.StatusFinished {
				t.Fatalf("the copies are %s and %s", copyOn(b, 0).Status, bad.Status)
			}
			t.Logf("failed with: %s", copyOn(b, 1).Error)
			l.holdsNothing(t, nil)
			if b := l.run(t, l.backups, 1<<20); b.Status != models.StatusFinished {
				t.Errorf("with room again it is %s: %s", b.Status, b.Error)
			}
		})
	}
}
