package source

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// postgresTool is one installed pg_dump.
type postgresTool struct {
	path    string
	version version
	text    string
}

// postgresFolders are where distributions keep several versions side by side.
var postgresFolders = []string{
	"/usr/lib/postgresql/*/bin/pg_dump",
	"/usr/pgsql-*/bin/pg_dump",
	"/usr/libexec/postgresql*/pg_dump",
	"/opt/homebrew/opt/libpq/bin/pg_dump",
	"/opt/homebrew/opt/postgresql@*/bin/pg_dump",
}

// chooseTool returns the newest pg_dump, when it is as new as the server: an
// older one refuses to dump.
func (p *Postgres) chooseTool(ctx context.Context, server postgresServer) (postgresTool, error) {
	tools := findPostgresTools(ctx, p.settings["dump_tool"])
	install := fmt.Sprintf("install the package postgresql-client-%d (Debian, Ubuntu: apt.postgresql.org has every version), or set dump_tool to the path of pg_dump", server.major)
	if len(tools) == 0 {
		if path := p.settings["dump_tool"]; path != "" {
			return postgresTool{}, models.Invalidf("data source %q: there is no pg_dump that tells its version at %s: correct dump_tool, or %s", p.label, path, install)
		}
		return postgresTool{}, models.Invalidf("data source %q: pg_dump is not installed: %s", p.label, install)
	}
	newest := slices.MaxFunc(tools, func(a, b postgresTool) int {
		if a.version.olderSeries(b.version) {
			return -1
		}
		return 1
	})
	if newest.version.major < server.major {
		return postgresTool{}, models.Invalidf("data source %q: the server is PostgreSQL %s and the newest pg_dump here is of version %s, which is too old: %s",
			p.label, server.text, newest.text, install)
	}
	return newest, nil
}

func findPostgresTools(ctx context.Context, setting string) []postgresTool {
	paths := []string{setting}
	if setting == "" {
		paths = nil
		for _, pattern := range postgresFolders {
			found, _ := filepath.Glob(pattern)
			paths = append(paths, found...)
		}
		// In PATH Debian has a wrapper that chooses among those folders by itself.
		if path, err := exec.LookPath("pg_dump"); err == nil && len(paths) == 0 {
			paths = append(paths, path)
		}
	}
	return askPostgresTools(ctx, paths)
}

// askPostgresTools asks each program for its version, and leaves out those that don't tell.
func askPostgresTools(ctx context.Context, paths []string) []postgresTool {
	var tools []postgresTool
	for _, path := range paths {
		text, err := ask(ctx, path, "--version")
		if err != nil {
			continue
		}
		_, text, _ = strings.Cut(text, "(PostgreSQL) ")
		if v, ok := parseVersion(text); ok {
			tools = append(tools, postgresTool{path: path, version: v, text: strings.Fields(text)[0]})
		}
	}
	return tools
}
