package source

import (
	"io"
	"strings"
	"testing"
)

// A sentence names a tool as people call it; where it is stands in the log.
func TestSentencesNameToolsWithoutTheirFolder(t *testing.T) {
	const folder = "/opt/a/long/folder/bin/"
	_, unknown := parseMySQLTool(folder+"mariadb-dump", "something else")
	archive := newArchiveScanner()
	defer archive.stop()
	server := mysqlServer{mariadb: true, version: version{major: 10, minor: 11}}
	for name, err := range map[string]error{
		"no end marker": newSQLScanner().Err(folder + "mariadb-dump"),
		"no archive":    archive.Err(folder + "pg_dump"),
		"no program":    tool{path: folder + "mariadb-dump", dir: t.TempDir()}.run(t.Context(), io.Discard, io.Discard),
		"unfit":         (&mysqlTool{path: folder + "mysqldump"}).fit(server, mysqlContents{}),
		"unknown":       unknown,
	} {
		if err == nil || strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), "dump") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
