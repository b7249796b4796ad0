package source

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/models"
)

// mysqlClient is a command line client of either vendor.
type mysqlClient struct {
	mysqlTool
	// walls are the options that keep it from running anything but SQL, as far as its
	// version has them.
	walls []string
}

// clientWalls are options that not every client has:
//
//   - sandbox: no command that reads a file or runs a program (MariaDB 10.5.25, 10.11.8, …)
//   - skip-commands and system-command: none of the client's own at all (MySQL)
//   - skip-print-query-on-error: rows do not get into the log (MariaDB)
var clientWalls = []struct{ name, option string }{
	{"--sandbox ", "--sandbox"},
	{"--commands ", "--skip-commands"},
	{"--system-command ", "--skip-system-command"},
	{"--print-query-on-error ", "--skip-print-query-on-error"},
}

// chooseClient returns the client that fits the server, or a sentence that names what to
// install.
func (m *MySQL) chooseClient(ctx context.Context, server mysqlServer) (mysqlClient, error) {
	names := []string{"mysql", "mariadb"}
	if server.mariadb {
		names = []string{"mariadb", "mysql"}
	}
	if path := m.settings["restore_tool"]; path != "" {
		names = []string{path}
	}
	var client mysqlClient
	unfit := firstFit(names, func(name string) (there bool, err error) {
		client, err = findMySQLClient(ctx, name)
		return client.path != "", err
	})
	if unfit == nil {
		return client, nil
	}
	return mysqlClient{}, models.Invalidf("data source %q: %v; install %s, or set restore_tool to the path of mariadb or mysql", m.label, unfit, packageFor(server))
}

func findMySQLClient(ctx context.Context, name string) (mysqlClient, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return mysqlClient{}, err
	}
	c := mysqlClient{mysqlTool: mysqlTool{path: path}}
	text, err := ask(ctx, path, "--version")
	if err != nil {
		return c, fmt.Errorf("%s does not tell its version: %w", filepath.Base(path), pathless(err))
	}
	help, err := ask(ctx, path, "--no-defaults", "--help")
	if err != nil || !strings.Contains(help, "--binary-mode") {
		return c, fmt.Errorf("%s is no client of MySQL or MariaDB that can be kept from running programs: it calls itself %q", filepath.Base(path), bounded(text))
	}
	if c.mysqlTool, err = parseMySQLTool(path, text); err != nil {
		return c, fmt.Errorf("%s is no client of MySQL or MariaDB: it calls itself %q", filepath.Base(path), bounded(text))
	}
	for _, wall := range clientWalls {
		if strings.Contains(help, "  "+wall.name) || strings.Contains(help, wall.name+"\n") {
			c.walls = append(c.walls, wall.option)
		}
	}
	return c, nil
}

// arguments are the options every restore is made with, and why:
//
//   - nothing but SQL: binary-mode, which also keeps every byte; no files of the client
//   - the first error ends it: batch, without force; no connection is made again
//   - bytes come back as they were: utf8mb4, comments, a packet of any size
func (c mysqlClient) arguments(options, database string) []string {
	args := []string{"--defaults-file=" + options, "--batch", "--binary-mode", "--local-infile=0", "--skip-reconnect", "--no-auto-rehash",
		"--comments", "--quick", "--default-character-set=utf8mb4", "--max-allowed-packet=1G"}
	return append(append(args, c.walls...), "--database="+database)
}
