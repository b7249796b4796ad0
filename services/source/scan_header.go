package source

import (
	"strings"
)

// dumpHeader is what the tools write for people at the beginning of a dump.
type dumpHeader struct {
	// database is the name of what was dumped; empty when there is no header.
	database string
	server   string
	tool     mysqlTool
}

// take reads a line that the tool wrote for people. Only the lines before the first
// statement count, which nothing of the database's contents can imitate.
func (h *dumpHeader) take(line string) {
	line, ok := strings.CutPrefix(line, "-- ")
	if !ok {
		return
	}
	if host, database, ok := strings.Cut(line, "    Database: "); ok && strings.HasPrefix(host, "Host: ") && h.database == "" {
		h.database = database
	}
	if server, ok := strings.CutPrefix(line, "Server version\t"); ok && h.server == "" {
		h.server = server
	}
	if strings.HasPrefix(line, "MySQL dump ") || strings.HasPrefix(line, "MariaDB dump ") {
		if tool, err := parseMySQLTool("", line); err == nil && h.tool.version == (version{}) {
			h.tool = tool
		}
	}
}

// sameDatabase tells whether a name in a dump is that of its own database, which
// servers that fold names write in lower case.
func sameDatabase(name, database string) bool {
	return name == database || name == strings.ToLower(database)
}
