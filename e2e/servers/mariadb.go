package servers

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/backupman/backupman/e2e/needs"
)

var mariadb, otherMariaDB once[MySQL]

// MariaDB returns this process's MariaDB server, started at the first call.
func MariaDB(t testing.TB) *MySQL {
	t.Helper()
	return mariadbOf(t, &mariadb)
}

// OtherMariaDB returns another server than MariaDB does, for tests that need two.
func OtherMariaDB(t testing.TB) *MySQL {
	t.Helper()
	return mariadbOf(t, &otherMariaDB)
}

func mariadbOf(t testing.TB, which *once[MySQL]) *MySQL {
	t.Helper()
	var tools [4]string
	for i, name := range []string{"mariadbd", "mariadb-install-db", "mariadb", "mariadb-dump"} {
		if tools[i] = lookPath(name); tools[i] == "" {
			needs.Missing(t, "needs "+name+", which is not installed: apt-get install mariadb-server mariadb-client")
		}
	}
	s, err := which.get(func() (*MySQL, error) { return startMariaDB(tools) })
	if err != nil {
		t.Fatalf("start MariaDB: %v", err)
	}
	return s
}

// lookPath finds a program in PATH and where Debian keeps servers; empty when it is nowhere.
func lookPath(name string) string {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}

func startMariaDB(tools [4]string) (s *MySQL, err error) {
	d, err := newDaemon("mariadb", "mysql")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.discard()
		}
	}()
	cert, key, err := d.certificate()
	if err != nil {
		return nil, err
	}
	if err := d.run(tools[1], "--no-defaults", "--datadir="+d.path("data"), "--skip-test-db",
		"--auth-root-authentication-method=normal", "--skip-name-resolve",
		"--innodb-log-file-size=8M", "--innodb-flush-method=nosync"); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	socket := d.path("s")
	if err := d.start(syscall.SIGKILL, tools[0], "--no-defaults",
		"--datadir="+d.path("data"), "--tmpdir="+d.folder, "--socket="+socket, "--pid-file="+d.path("pid"),
		"--bind-address=127.0.0.1", "--port="+strconv.Itoa(port), "--skip-name-resolve",
		"--character-set-server=utf8mb4", "--skip-log-bin", "--log-bin-trust-function-creators=1",
		"--max-allowed-packet=1G", "--local-infile=0", "--performance-schema=OFF",
		"--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0",
		"--innodb-buffer-pool-size=128M", "--innodb-log-file-size=96M",
		"--ssl-ca="+cert, "--ssl-cert="+cert, "--ssl-key="+key); err != nil {
		return nil, err
	}
	if err := awaitMySQL(d, socket); err != nil {
		return nil, err
	}
	if err := secureMySQL(socket); err != nil {
		return nil, err
	}
	return &MySQL{Host: "127.0.0.1", Port: port, Socket: socket, User: "tester", Password: Password,
		CA: filepath.Clean(cert), ClientTool: tools[2], DumpTool: tools[3], ServerProgram: tools[0], daemon: d}, nil
}
