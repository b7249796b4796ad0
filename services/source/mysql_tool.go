package source

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/backupman/backupman/models"
)

// mysqlTool is a dump program of either vendor.
type mysqlTool struct {
	path    string
	mariadb bool
	version version
	// warnings are sentences about how well it fits the server.
	warnings []string
}

// Tools of MariaDB before 10.3 know no sequences.
var oldestMariaDBTool = version{major: 10, minor: 3}

// historyVersion is the first MariaDB, server and tool, that dumps the history
// of system-versioned tables.
var historyVersion = version{major: 10, minor: 11}

// chooseTool returns the program that fits the server, or a sentence that names
// what to install. The sentence is about the program that came closest.
func (m *MySQL) chooseTool(ctx context.Context, server mysqlServer, c mysqlContents) (mysqlTool, error) {
	names := []string{"mysqldump", "mariadb-dump"}
	if server.mariadb {
		names = []string{"mariadb-dump", "mysqldump"}
	}
	if path := m.settings["dump_tool"]; path != "" {
		names = []string{path}
	}
	var tool mysqlTool
	unfit := firstFit(names, func(name string) (bool, error) {
		var err error
		if tool, err = findMySQLTool(ctx, name); err != nil {
			return tool.path != "", err
		}
		return true, tool.fit(server, c)
	})
	if unfit == nil {
		return tool, nil
	}
	return mysqlTool{}, models.Invalidf("data source %q: %v; install %s, or set dump_tool to its path", m.label, unfit, packageFor(server))
}

// firstFit tries programs in turn until one is fit. Otherwise it returns what is wrong
// with the first that is there.
func firstFit(names []string, try func(name string) (there bool, err error)) error {
	var unfit error
	for _, name := range names {
		there, err := try(name)
		if err == nil {
			return nil
		}
		if there && unfit == nil {
			unfit = err
		}
	}
	if unfit == nil {
		unfit = fmt.Errorf("%s is not installed", strings.Join(names, " or "))
	}
	return unfit
}

// packageFor names what to install for a server, as Debian, Ubuntu and the vendors do.
func packageFor(server mysqlServer) string {
	if server.mariadb {
		return fmt.Sprintf("the package mariadb-client of MariaDB %d.%d or newer", server.version.major, server.version.minor)
	}
	return fmt.Sprintf("the package mysql-client (Ubuntu), mysql-client-core (Debian sid) or mysql-community-client (Oracle) of MySQL %d or newer", server.version.major)
}

func findMySQLTool(ctx context.Context, name string) (mysqlTool, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return mysqlTool{}, err
	}
	text, err := ask(ctx, path, "--version")
	if err != nil {
		return mysqlTool{path: path}, fmt.Errorf("%s does not tell its version: %w", filepath.Base(path), pathless(err))
	}
	return parseMySQLTool(path, text)
}

var mysqlToolVersions = []*regexp.Regexp{
	regexp.MustCompile(`(\d+\.\d+\.\d+)-MariaDB`),
	regexp.MustCompile(`Distrib (\d+\.\d+\.\d+)`),
	regexp.MustCompile(`Ver (\d+\.\d+\.\d+)`),
}

// parseMySQLTool reads what --version prints, such as "mariadb-dump  Ver 10.19
// Distrib 10.11.19-MariaDB, for …", "mariadb-dump from 11.8.9-MariaDB, client
// 10.20 …" or "mysqldump  Ver 9.7.4 for Linux on x86_64".
func parseMySQLTool(path, text string) (mysqlTool, error) {
	for _, pattern := range mysqlToolVersions {
		if match := pattern.FindStringSubmatch(text); match != nil {
			v, _ := parseVersion(match[1])
			return mysqlTool{path: path, mariadb: strings.Contains(text, "MariaDB"), version: v}, nil
		}
	}
	return mysqlTool{path: path}, fmt.Errorf("%s is neither mariadb-dump nor mysqldump: it calls itself %q", filepath.Base(path), text)
}

func (t mysqlTool) vendor() string { return mysqlServer{mariadb: t.mariadb}.vendor() }

// fit tells why the tool must not dump the server, and what to know when it may.
func (t *mysqlTool) fit(server mysqlServer, c mysqlContents) error {
	what := fmt.Sprintf("%s is of %s %s and the server is %s %s", filepath.Base(t.path), t.vendor(), t.version, server.vendor(), server.version)
	switch {
	case server.mariadb && !t.mariadb:
		return fmt.Errorf("%s: MySQL's tool leaves out what only MariaDB has, such as sequences", what)
	case server.mariadb && t.version.olderSeries(oldestMariaDBTool) && t.version.olderSeries(server.version):
		return fmt.Errorf("%s: the tool is too old for the server and would leave out sequences", what)
	case !server.mariadb && t.mariadb && len(c.odd) > 0:
		return fmt.Errorf("%s: MariaDB's tool writes generated columns and vectors so that MySQL can't restore them, in %s", what, listNames(c.odd))
	case !server.mariadb && !t.mariadb && t.version.major < server.version.major:
		return fmt.Errorf("%s: the tool is too old for the server", what)
	}
	if t.mariadb == server.mariadb && t.version.olderSeries(server.version) {
		t.warnings = append(t.warnings, what+": a tool as new as the server is better")
	}
	return nil
}

// noHistory tells why the tool can't dump the history of the database's tables;
// it is empty when it can, or when there is none.
func (t mysqlTool) noHistory(server mysqlServer, c mysqlContents, d mysqlDoubts) string {
	const sentence = "the history of system-versioned tables is not in the backup: "
	switch {
	case !c.versioned:
		return ""
	case !t.mariadb || t.version.olderSeries(historyVersion) || server.version.olderSeries(historyVersion):
		return sentence + "it needs a server and a tool of MariaDB 10.11 or newer"
	case len(d.precise) > 0:
		return sentence + "the dump tool can't read it where it goes by transaction instead of time, as in " + listNames(d.precise)
	}
	return ""
}

// arguments are the options every dump is made with, and why:
//
//   - one consistent snapshot, read row by row: single-transaction, quick
//   - everything the database holds: routines, triggers, events
//   - any bytes come back as they were: hex-blob, utf8mb4, a packet of any size
//   - no privilege but those on the database: no-tablespaces, no GTID state
//   - equal contents give equal dumps: no date
//   - a table whose default takes its values from a sequence can be filled, which
//     a session that locked only the table may not: no locks in the dump
func (t mysqlTool) arguments(options, database string, without map[string]bool, history bool) []string {
	args := []string{"--defaults-file=" + options, "--single-transaction", "--quick", "--hex-blob",
		"--default-character-set=utf8mb4", "--max-allowed-packet=1G", "--no-tablespaces", "--skip-dump-date", "--skip-add-locks"}
	for _, word := range []string{withoutRoutines, withoutTriggers, withoutEvents} {
		if without[word] {
			args = append(args, "--skip-"+word)
		} else {
			args = append(args, "--"+word)
		}
	}
	if !t.mariadb {
		args = append(args, "--set-gtid-purged=OFF")
		if t.version.major >= 8 {
			args = append(args, "--skip-column-statistics")
		}
	}
	if history {
		args = append(args, "--dump-history")
	}
	return append(args, "--", database)
}
