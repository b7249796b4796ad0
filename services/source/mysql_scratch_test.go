package source

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// scratchFolder is a folder that a private server's account can pass through to.
func scratchFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "drill-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestMySQLScratch restores everything that is easily lost into a private server, where
// no account of the source exists, and wants the second dump to say of itself what the
// first one said.
func TestMySQLScratch(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from := s.Database(t)
		tortureMySQL(t, s, from)
		easilyLost(t, s, from)
		settings := mysqlSettings(s, from, "server_program", s.ServerProgram)
		inv, dump := mustDump(t, opened(t, mysqlKind, settings))
		dir := scratchFolder(t)
		var log bytes.Buffer
		scratch, err := mysqlKind.StartScratch(t.Context(), ScratchRequest{Dir: dir, Inventory: inv, Settings: settings, Log: &log})
		if err != nil {
			t.Fatalf("%v\nlog: %s", err, log.String())
		}
		defer func() { _ = scratch.Stop() }()
		target := openedTarget(t, mysqlKind, scratch.Settings)
		if err := target.Create(t.Context(), inv.Options); err != nil {
			t.Fatal(err)
		}
		mustRestore(t, target, restoreRequest(t, mysqlKind, dump))
		provesEqual(t, mysqlKind, dir, scratch, settings, inv)
	})
}

// provesEqual wants the database of a private server, after a restore, to hold what the
// source held, and the server to end without a trace.
func provesEqual(t *testing.T, kind Kind, dir string, scratch Scratch, source models.Settings, inv models.Inventory) {
	t.Helper()
	target := openedTarget(t, kind, scratch.Settings)
	if broken, err := target.TryViews(t.Context()); err != nil || len(broken) > 0 {
		t.Errorf("views: %q, %v", broken, err)
	}
	again, _ := mustDump(t, opened(t, kind, scratch.Settings))
	sameInventory(t, inv, again)
	if scratch.Server == "" || again.ServerVersion != scratch.Server {
		t.Errorf("server %q, and the dump says %q", scratch.Server, again.ServerVersion)
	}
	if same, err := target.SameServer(t.Context(), openedTarget(t, kind, source)); err != nil || same {
		t.Errorf("taken for the source: %v, %v", same, err)
	}
	if err := scratch.Stop(); err != nil {
		t.Error(err)
	}
	nothingRunsIn(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// nothingRunsIn wants no process that works in a folder.
func nothingRunsIn(t *testing.T, dir string) {
	t.Helper()
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if cwd, _ := os.Readlink(link); strings.HasPrefix(cwd, dir) {
			t.Errorf("%s works in %s", link, cwd)
		}
	}
}

func TestMySQLScratchWantsAFitServer(t *testing.T) {
	s := servers.MariaDB(t)
	for name, c := range map[string]struct {
		server, program, want string
	}{
		"another vendor":  {"9.7.4", s.ServerProgram, "mysql-server"},
		"a newer version": {"99.1.2-MariaDB", s.ServerProgram, "mariadb-server of MariaDB 99.1"},
		"no program":      {"10.11.1-MariaDB", "/nosuch/mariadbd", "/nosuch/mariadbd is not installed"},
		"another program": {"10.11.1-MariaDB", "/bin/echo", "neither mariadbd nor mysqld"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			req := ScratchRequest{Dir: scratchFolder(t), Inventory: models.Inventory{ServerVersion: c.server}, Settings: models.Settings{"server_program": c.program}, Log: &log}
			_, err := mysqlKind.StartScratch(t.Context(), req)
			var incapable *IncapableError
			if !errors.As(err, &incapable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestMySQLScratchEndsWithItsContext leaves no process when nobody stops the server.
func TestMySQLScratchEndsWithItsContext(t *testing.T) {
	s := servers.MariaDB(t)
	endsWithItsContext(t, mysqlKind, ScratchRequest{Inventory: models.Inventory{ServerVersion: "10.3.1-MariaDB"}, Settings: models.Settings{"server_program": s.ServerProgram}})
}

func endsWithItsContext(t *testing.T, kind Kind, req ScratchRequest) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req.Dir, req.Log = scratchFolder(t), &bytes.Buffer{}
	scratch, err := kind.StartScratch(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := scratch.Stop(); err != nil {
		t.Error(err)
	}
	nothingRunsIn(t, req.Dir)
}
