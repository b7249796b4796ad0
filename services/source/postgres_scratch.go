package source

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/backupman/backupman/models"
)

// postgresPrivate is a private server in the making.
type postgresPrivate struct {
	ScratchRequest
	program postgresTool
	initdb  string
}

func startPostgresScratch(ctx context.Context, req ScratchRequest) (Scratch, error) {
	p := postgresPrivate{ScratchRequest: req}
	if err := p.find(ctx); err != nil {
		return Scratch{}, err
	}
	if err := socketFits(filepath.Join(req.Dir, ".s.PGSQL.5432.lock")); err != nil {
		return Scratch{}, err
	}
	settings := p.settings()
	t, err := newPostgresTarget("scratch", settings)
	if err != nil {
		return Scratch{}, err
	}
	var text string
	server := scratchServer{dir: req.Dir, accounts: []string{"postgres"}, prepare: [][]string{p.prepare()}, argv: p.argv(), death: syscall.SIGQUIT, log: req.Log,
		ready: func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			conn, server, err := t.server(ctx)
			if err != nil {
				return err
			}
			text = server.text
			hangUp(ctx, conn)
			return nil
		}}
	fmt.Fprintf(req.Log, "starting a private server of PostgreSQL %s with %s\n", p.program.text, p.program.path)
	stop, err := server.start(ctx)
	if err != nil {
		return Scratch{}, err
	}
	return Scratch{Settings: settings, Server: text, Stop: stop}, nil
}

func (p postgresPrivate) settings() models.Settings {
	s := models.Settings{"host": p.Dir, "port": "5432", "user": "postgres", "db_name": "scratch", "tls": tlsOff, settingPrivate: "true"}
	inherit(s, p.Settings, "dump_tool", "restore_tool")
	return s
}

// find looks for a server of the version that was dumped, or else the nearest newer one.
func (p *postgresPrivate) find(ctx context.Context) error {
	made, _ := parseVersion(p.Inventory.ServerVersion)
	best, found := postgresTool{}, ""
	for _, tool := range askPostgresTools(ctx, p.programs()) {
		found = tool.text
		near := best.path == "" || tool.version.major < best.version.major
		if tool.version.major >= made.major && near {
			best = tool
		}
	}
	want := fmt.Sprintf("install the package postgresql-%d or a newer one, or set server_program to the folder of initdb and postgres", made.major)
	switch {
	case best.path != "":
	case found != "":
		return Incapablef("no private server can restore this backup: it was made on PostgreSQL %s, and the server here is of version %s; %s", bounded(p.Inventory.ServerVersion), found, want)
	case p.Settings["server_program"] != "":
		return Incapablef("no private server can restore this backup: there is no postgres that tells its version in %s; correct server_program, or %s", p.Settings["server_program"], want)
	default:
		return Incapablef("no private server can restore this backup: PostgreSQL's server is not installed; %s", want)
	}
	p.program, p.initdb = best, filepath.Join(filepath.Dir(best.path), "initdb")
	if _, err := exec.LookPath(p.initdb); err != nil {
		return Incapablef("no private server can be made: initdb is not installed beside %s; %s", p.program.path, want)
	}
	return nil
}

// programs are where the server may be.
func (p *postgresPrivate) programs() []string {
	if folder := p.Settings["server_program"]; folder != "" {
		return []string{filepath.Join(folder, "postgres")}
	}
	var paths []string
	for _, pattern := range postgresFolders {
		found, _ := filepath.Glob(filepath.Join(filepath.Dir(pattern), "postgres"))
		paths = append(paths, found...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		paths = append(paths, path)
	}
	return paths
}

// prepare makes the data folder with one account, without a password: the socket can be
// reached by nobody else. The locale is that of the folder's own databases; the restored
// one has its own.
func (p postgresPrivate) prepare() []string {
	return []string{p.initdb, "--pgdata=" + filepath.Join(p.Dir, "data"), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"}
}

// privateSettings make a server that keeps nothing that must survive and needs little
// memory. What a dump brings along finds no network, no workers and no replication.
var privateSettings = strings.Fields(`listen_addresses= port=5432 unix_socket_permissions=0700 max_connections=20 shared_buffers=32MB max_locks_per_transaction=1024
	fsync=off synchronous_commit=off full_page_writes=off wal_level=minimal max_wal_senders=0 autovacuum=off jit=off timezone=UTC
	dynamic_shared_memory_type=mmap max_logical_replication_workers=0 log_min_error_statement=panic`)

func (p postgresPrivate) argv() []string {
	argv := []string{p.program.path, "-D", filepath.Join(p.Dir, "data"), "-k", p.Dir}
	for _, setting := range privateSettings {
		argv = append(argv, "-c", setting)
	}
	return argv
}
