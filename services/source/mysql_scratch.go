package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/backupman/backupman/models"
)

// inMariaDB tells whether a dump is of a MariaDB server. MySQL never had a version 10.
func inMariaDB(inv models.Inventory) bool {
	v, _ := parseVersion(inv.ServerVersion)
	return strings.Contains(strings.ToLower(inv.ServerVersion), "mariadb") || v.major >= 10
}

// mysqlPrivate is a private server of either vendor in the making.
type mysqlPrivate struct {
	ScratchRequest
	program mysqlTool
	// install is MariaDB's program that makes a data folder.
	install string
}

func startMySQLScratch(ctx context.Context, req ScratchRequest) (Scratch, error) {
	p := mysqlPrivate{ScratchRequest: req}
	if err := p.find(ctx); err != nil {
		return Scratch{}, err
	}
	if err := socketFits(p.socket()); err != nil {
		return Scratch{}, err
	}
	for _, name := range []string{"run", "tmp", "none"} {
		if err := os.Mkdir(filepath.Join(req.Dir, name), 0o700); err != nil {
			return Scratch{}, fmt.Errorf("make the folder of a private server: %w", err)
		}
	}
	target, err := openMySQLTarget("scratch", p.settings())
	if err != nil {
		return Scratch{}, err
	}
	t, ok := target.(*MySQLTarget)
	if !ok {
		return Scratch{}, errors.New("the target of a private server is of another kind")
	}
	var text string
	server := scratchServer{dir: req.Dir, accounts: []string{"mysql"}, prepare: [][]string{p.prepare()}, argv: p.argv(), death: syscall.SIGKILL, log: req.Log, program: p.executes(),
		ready: func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			db, server, err := t.server(ctx)
			if err != nil {
				return err
			}
			text = server.text
			return db.Close()
		}}
	fmt.Fprintf(req.Log, "starting a private server of %s %s with %s\n", p.program.vendor(), p.program.version, p.program.path)
	stop, err := server.start(ctx)
	if err != nil {
		return Scratch{}, err
	}
	return Scratch{Settings: p.settings(), Server: text, Stop: stop}, nil
}

func (p mysqlPrivate) path(name string) string { return filepath.Join(p.Dir, name) }

// socket is in a folder that only the server's account can enter.
func (p mysqlPrivate) socket() string { return p.path("run/s") }

func (p mysqlPrivate) settings() models.Settings {
	s := models.Settings{"host": p.socket(), "user": "root", "db_name": "scratch", "tls": tlsOff, settingPrivate: "true"}
	inherit(s, p.Settings, "dump_tool", "restore_tool", "without")
	return s
}

// serverFolders are where servers are that are not in PATH.
var serverFolders = []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/libexec", "/usr/local/mysql/bin", "/usr/local/mariadb/bin"}

// find looks for a server that is fit for the dump.
func (p *mysqlPrivate) find(ctx context.Context) error {
	made, _ := parseVersion(p.Inventory.ServerVersion)
	want := mysqlServer{mariadb: inMariaDB(p.Inventory), version: made}
	names := []string{"mysqld"}
	if want.mariadb {
		names = []string{"mariadbd", "mysqld"}
	}
	if path := p.Settings["server_program"]; path != "" {
		names = []string{path}
	}
	unfit := firstFit(names, func(name string) (there bool, err error) {
		path := findProgram(name, serverFolders)
		if p.program, err = askMySQLProgram(ctx, path); err != nil {
			return path != "", err
		}
		return true, fitServer(p.program, want)
	})
	if unfit != nil {
		return Incapablef("no private server can restore this backup: %v; install %s, or set server_program to the path of its server", unfit, serverPackage(want))
	}
	return p.findInstaller()
}

func askMySQLProgram(ctx context.Context, path string) (mysqlTool, error) {
	text, err := ask(ctx, path, "--no-defaults", "--version")
	if err != nil {
		return mysqlTool{}, fmt.Errorf("%s does not tell its version: %w", filepath.Base(path), pathless(err))
	}
	found, err := parseMySQLTool(path, text)
	if err != nil {
		return found, fmt.Errorf("%s is neither mariadbd nor mysqld: it calls itself %q", filepath.Base(path), bounded(text))
	}
	return found, nil
}

// fitServer wants the same vendor, and a version that is not older than the one that was
// dumped.
func fitServer(found mysqlTool, want mysqlServer) error {
	if found.mariadb != want.mariadb || found.version.olderSeries(want.version) {
		return fmt.Errorf("%s is of %s %s and the backup was made on %s %s", filepath.Base(found.path), found.vendor(), found.version, want.vendor(), want.version)
	}
	return nil
}

func serverPackage(want mysqlServer) string {
	if want.mariadb {
		return fmt.Sprintf("the package mariadb-server of MariaDB %d.%d or newer", want.version.major, want.version.minor)
	}
	return fmt.Sprintf("the package mysql-server (Ubuntu), mysql-server-core (Debian sid) or mysql-community-server (Oracle) of MySQL %d.%d or newer", want.version.major, want.version.minor)
}

// findProgram finds a program in PATH or in folders, or returns an empty path.
func findProgram(name string, folders []string) string {
	candidates := []string{name}
	if !strings.Contains(name, "/") {
		for _, folder := range folders {
			candidates = append(candidates, filepath.Join(folder, name))
		}
	}
	for _, candidate := range candidates {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}

// findInstaller looks for MariaDB's installer near its server.
func (p *mysqlPrivate) findInstaller() error {
	if !p.program.mariadb {
		return nil
	}
	near := filepath.Dir(p.program.path)
	folders := []string{near, filepath.Join(near, "../bin"), filepath.Join(near, "../scripts")}
	for _, name := range []string{"mariadb-install-db", "mysql_install_db"} {
		for _, folder := range append(folders, "") {
			if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
				p.install = path
				return nil
			}
		}
	}
	return Incapablef("no private server can be made: mariadb-install-db is not installed beside %s; install %s", p.program.path,
		serverPackage(mysqlServer{mariadb: true, version: p.program.version}))
}

// common are options of the server that count when its data folder is made, too: it
// keeps nothing that must survive, and needs little memory.
func (p mysqlPrivate) common() []string {
	args := []string{"--datadir=" + p.path("data"), "--tmpdir=" + p.path("tmp"), "--innodb-buffer-pool-size=64M", "--innodb-flush-method=nosync"}
	if p.program.mariadb {
		return append(args, "--innodb-log-file-size=128M")
	}
	return append(args, "--loose-innodb-redo-log-capacity=512M", "--loose-innodb-doublewrite=OFF")
}

// prepare makes the data folder with one account, root, without a password: the socket
// can be reached by nobody else.
func (p mysqlPrivate) prepare() []string {
	if !p.program.mariadb {
		return append([]string{p.program.path, "--no-defaults", "--initialize-insecure"}, p.common()...)
	}
	args := []string{p.install, "--no-defaults"}
	if base := filepath.Dir(filepath.Dir(p.program.path)); base != "/usr" && base != "/" {
		args = append(args, "--basedir="+base)
	}
	return append(append(args, "--skip-test-db", "--auth-root-authentication-method=normal", "--skip-name-resolve"), p.common()...)
}

// argv starts the server. What a dump brings along finds no network, no files, no
// plugins and no events that run.
func (p mysqlPrivate) argv() []string {
	args := append([]string{p.program.path, "--no-defaults"}, p.common()...)
	args = append(args, "--socket="+p.socket(), "--pid-file="+p.path("run/pid"), "--skip-networking", "--skip-name-resolve",
		"--event-scheduler=OFF", "--local-infile=0", "--plugin-dir="+p.path("none"),
		"--log-bin-trust-function-creators=1", "--max-allowed-packet=1G", "--max-connections=20", "--table-open-cache=400",
		"--performance-schema=OFF", "--innodb-flush-log-at-trx-commit=0", "--innodb-strict-mode=OFF")
	if p.program.mariadb {
		return append(args, "--secure-file-priv="+p.path("none"), "--skip-log-bin", "--innodb-doublewrite=0")
	}
	return append(args, "--secure-file-priv=NULL", "--disable-log-bin", "--loose-mysqlx=OFF", "--loose-restrict-fk-on-non-standard-key=OFF")
}

// executes is what the server may execute beside itself: nothing. A script, as people
// write them to choose libraries, may start what it likes.
func (p mysqlPrivate) executes() []string {
	f, err := os.Open(p.program.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	begin := make([]byte, 2)
	if _, err := io.ReadFull(f, begin); err != nil || !bytes.Equal(begin, []byte("#!")) {
		return nil
	}
	fmt.Fprintf(p.Log, "%s is a script: what the private server may execute is not limited\n", p.program.path)
	return []string{"/"}
}
