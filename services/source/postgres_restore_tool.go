package source

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/backupman/backupman/models"
)

// chooseRestoreTool returns the pg_restore that fits the server best: a newer one may ask
// for what the server does not know. The archive is written in a format that it reads.
func (t *PostgresTarget) chooseRestoreTool(ctx context.Context, server postgresServer) (postgresTool, error) {
	tools := askPostgresTools(ctx, t.restoreToolPaths())
	if len(tools) == 0 {
		return postgresTool{}, models.Invalidf("data source %q: pg_restore is not installed: install the package postgresql-client-%d (Debian, Ubuntu: apt.postgresql.org has every version), or set restore_tool to the path of pg_restore", t.label, server.major)
	}
	return slices.MinFunc(tools, func(a, b postgresTool) int { return distance(a, server) - distance(b, server) }), nil
}

// distance is how far a tool is from a server's version; one that is older is further
// away than any that is newer.
func distance(tool postgresTool, server postgresServer) int {
	if d := tool.version.major - server.major; d >= 0 {
		return d
	}
	return 1000 + server.major - tool.version.major
}

// restoreToolPaths are where pg_restore may be: beside the pg_dump that was chosen, and
// where pg_dump is looked for.
func (t *PostgresTarget) restoreToolPaths() []string {
	if path := t.settings["restore_tool"]; path != "" {
		return []string{path}
	}
	var paths []string
	if path := t.settings["dump_tool"]; path != "" {
		paths = append(paths, filepath.Join(filepath.Dir(path), "pg_restore"))
	}
	for _, pattern := range postgresFolders {
		found, _ := filepath.Glob(filepath.Join(filepath.Dir(pattern), "pg_restore"))
		paths = append(paths, found...)
	}
	if path, err := exec.LookPath("pg_restore"); err == nil && len(paths) == 0 {
		paths = append(paths, path)
	}
	return paths
}
