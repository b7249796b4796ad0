package proof

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
)

func script(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tortureMariaDB makes a database that holds everything.
func tortureMariaDB(t testing.TB, s *servers.MySQL) string {
	t.Helper()
	name := s.Database(t)
	s.Client(t, name, strings.NewReader(script(t, "testdata/mariadb.sql")), "--default-character-set=utf8mb4", "--binary-mode")
	return name
}

func torturePostgres(t testing.TB, s *servers.PostgreSQL) string {
	t.Helper()
	name := s.Database(t)
	s.Client(t, "psql", name, strings.NewReader(script(t, "../../services/source/testdata/torture.postgres.sql")), "-XqAt", "-v", "ON_ERROR_STOP=1")
	return name
}

func tortureSQLite(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "torture.db")
	cmd := exec.Command("sqlite3", "-bail", path)
	cmd.Stdin = strings.NewReader(script(t, "testdata/sqlite.sql"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sqlite3: %v: %s", err, out)
	}
	return path
}
