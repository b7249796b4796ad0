package proof

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// installation is a configuration in a folder of its own, which commands are run with.
type installation struct {
	t      *testing.T
	config string
	folder string
}

// install writes a configuration of some data sources and one local drive.
func install(t *testing.T, sources, more string) installation {
	t.Helper()
	folder := t.TempDir()
	text := "data_sources:\n" + sources + fmt.Sprintf("drives:\n  - {provider: local, label: shelf, folder: %q}\n", filepath.Join(folder, "shelf")) + more
	return installation{t: t, folder: folder, config: program.WriteConfig(t, folder, text)}
}

func (i installation) args(args ...string) []string {
	return append([]string{"-c", i.config, "--data", filepath.Join(i.folder, "data")}, args...)
}

func (i installation) run(args ...string) program.Result {
	i.t.Helper()
	return program.Run(i.t, i.args(args...)...)
}

// must runs a command that has to succeed.
func (i installation) must(args ...string) program.Result {
	i.t.Helper()
	r := i.run(args...)
	if r.Code != 0 {
		i.t.Fatalf("%v: %s%s", args, r.Out, r.Err)
	}
	return r
}

// backUp makes a backup of a job and returns its id.
func (i installation) backUp(job string) string {
	i.t.Helper()
	var made struct {
		ID string `json:"Id"`
	}
	r := i.must("run", job, "--wait", "--json")
	if err := json.Unmarshal([]byte(r.Out), &made); err != nil || made.ID == "" {
		i.t.Fatalf("%v: %s", err, r.Out)
	}
	return made.ID
}

func mariadbSource(label string, s *servers.MySQL, database string) string {
	return fmt.Sprintf("  - {provider: mysql, label: %s, host: %s, port: %d, db_name: %q, user: %s, password: %q}\n", label, s.Host, s.Port, database, s.User, s.Password)
}

func postgresSource(label string, s *servers.PostgreSQL, database string) string {
	return fmt.Sprintf("  - {provider: postgres, label: %s, host: %s, port: %d, db_name: %q, user: %s, password: %q}\n", label, s.Host, s.Port, database, s.User, s.Password)
}

func sqliteSource(label, path string) string {
	return fmt.Sprintf("  - {provider: sqlite, label: %s, db_path: %q}\n", label, path)
}
