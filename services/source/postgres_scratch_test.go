package source

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// TestPostgresScratch restores everything that is easily lost into a private server, where
// no role of the source exists, and wants the second dump to say of itself what the first
// one said.
func TestPostgresScratch(t *testing.T) {
	s := servers.Postgres(t)
	owner, from := s.Role(t), s.Database(t)
	torturePostgresFile(t, s, from)
	s.Exec(t, from, "ALTER TABLE hen OWNER TO "+owner, "GRANT SELECT (id) ON egg TO "+owner, "CREATE POLICY theirs ON audit TO "+owner,
		"CREATE USER MAPPING FOR "+owner+" SERVER away", "ALTER DEFAULT PRIVILEGES FOR ROLE "+owner+" GRANT SELECT ON TABLES TO "+owner)
	settings := postgresSettings(s, from, "server_program", s.Bin)
	inv, dump := mustDump(t, opened(t, postgresKind, settings))
	dir := scratchFolder(t)
	var log bytes.Buffer
	scratch, err := postgresKind.StartScratch(t.Context(), ScratchRequest{Dir: dir, Inventory: inv, Settings: settings, Log: &log})
	if err != nil {
		t.Fatalf("%v\nlog: %s", err, log.String())
	}
	defer func() { _ = scratch.Stop() }()
	target := openedTarget(t, postgresKind, scratch.Settings)
	if err := target.Create(t.Context(), inv.Options); err != nil {
		t.Fatal(err)
	}
	req := restoreRequest(t, postgresKind, dump)
	req.Warn = func(sentence string) { t.Errorf("warned of %s", sentence) }
	mustRestore(t, target, req)
	provesEqual(t, postgresKind, dir, scratch, settings, inv)
}

func TestPostgresScratchWantsAFitServer(t *testing.T) {
	s := servers.Postgres(t)
	for name, c := range map[string]struct{ server, folder, want string }{
		"a newer version": {"99.1", s.Bin, "postgresql-99"},
		"no program":      {"15.1", "/nosuch", "in /nosuch"},
		"any server":      {"99.1", "", "postgresql-99"},
	} {
		t.Run(name, func(t *testing.T) {
			req := ScratchRequest{Dir: scratchFolder(t), Inventory: models.Inventory{ServerVersion: c.server}, Settings: models.Settings{"server_program": c.folder}, Log: &bytes.Buffer{}}
			_, err := postgresKind.StartScratch(t.Context(), req)
			var incapable *IncapableError
			if !errors.As(err, &incapable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestPostgresScratchEndsWithItsContext leaves no process when nobody stops the server.
func TestPostgresScratchEndsWithItsContext(t *testing.T) {
	s := servers.Postgres(t)
	endsWithItsContext(t, postgresKind, ScratchRequest{Inventory: models.Inventory{ServerVersion: "9.6.1"}, Settings: models.Settings{"server_program": s.Bin}})
}
