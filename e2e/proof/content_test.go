package proof

import (
	"bytes"
	"database/sql"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
)

// The contents of a database as lines of text, told by the server and by stock tools.
// Nothing of the program's own inventories and digests takes part.

// mariadbFacts are questions about everything that belongs to a database but its rows.
// Each takes the database's name.
var mariadbFacts = []string{
	"SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
	"SELECT TABLE_NAME, TABLE_TYPE, ENGINE, ROW_FORMAT, AUTO_INCREMENT, TABLE_COLLATION, CREATE_OPTIONS, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?",
	"SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_DEFAULT, IS_NULLABLE, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, COLUMN_KEY, EXTRA, COLUMN_COMMENT, IS_GENERATED, GENERATION_EXPRESSION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ?",
	"SELECT TABLE_NAME, NON_UNIQUE, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, COLLATION, SUB_PART, INDEX_TYPE, INDEX_COMMENT, IGNORED FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ?",
	"SELECT TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = ?",
	"SELECT TABLE_NAME, CONSTRAINT_NAME, LEVEL, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?",
	"SELECT TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE, REFERENCED_TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?",
	"SELECT TABLE_NAME, PARTITION_NAME, SUBPARTITION_NAME, PARTITION_METHOD, SUBPARTITION_METHOD, PARTITION_EXPRESSION, SUBPARTITION_EXPRESSION, PARTITION_DESCRIPTION FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = ? AND PARTITION_NAME IS NOT NULL",
	"SELECT TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION, IS_UPDATABLE, DEFINER, SECURITY_TYPE, ALGORITHM FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ?",
	"SELECT TRIGGER_NAME, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_ORDER, ACTION_STATEMENT, ACTION_TIMING, SQL_MODE, DEFINER, CHARACTER_SET_CLIENT, COLLATION_CONNECTION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?",
	"SELECT ROUTINE_NAME, ROUTINE_TYPE, DTD_IDENTIFIER, ROUTINE_DEFINITION, IS_DETERMINISTIC, SQL_DATA_ACCESS, SECURITY_TYPE, SQL_MODE, ROUTINE_COMMENT, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?",
	"SELECT SPECIFIC_NAME, ORDINAL_POSITION, PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER, ROUTINE_TYPE FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = ?",
	"SELECT EVENT_NAME, DEFINER, TIME_ZONE, EVENT_DEFINITION, EVENT_TYPE, EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD, SQL_MODE, STARTS, ENDS, STATUS, ON_COMPLETION, EVENT_COMMENT FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?",
}

func mariadbContent(t testing.TB, s *servers.MySQL, database string) []string {
	t.Helper()
	db := s.DB(t, database)
	var lines []string
	for _, query := range mariadbFacts {
		for _, row := range answers(t, db, query, database) {
			lines = append(lines, strings.ReplaceAll(query[:40]+" "+row, "`"+database+"`", "`DATABASE`"))
		}
	}
	for _, table := range answers(t, db, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE <> 'VIEW'", database) {
		name := "`" + strings.ReplaceAll(table[1:len(table)-1], "`", "``") + "`"
		rows := answers(t, db, "SELECT * FROM (SELECT "+strings.Join(columnsInHex(t, db, database, table[1:len(table)-1]), ", ")+" FROM "+name+") t")
		for _, row := range rows {
			lines = append(lines, "row of "+name+" "+row)
		}
	}
	slices.Sort(lines)
	return lines
}

// columnsInHex reads every column, hidden ones as well, as the bytes that are stored.
func columnsInHex(t testing.TB, db *sql.DB, database, table string) []string {
	t.Helper()
	rows, err := db.Query("SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION", database, table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			t.Fatal(err)
		}
		name = "`" + strings.ReplaceAll(name, "`", "``") + "`"
		switch kind {
		case "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geometry":
			columns = append(columns, fmt.Sprintf("HEX(%s) AS c%d", name, len(columns)))
		default:
			columns = append(columns, fmt.Sprintf("HEX(CAST(%s AS BINARY)) AS c%d", name, len(columns)))
		}
	}
	return columns
}

// answers returns the rows of a query, each as one text.
func answers(t testing.TB, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%.200s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var lines []string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var line []string
		for _, v := range values {
			if v.Valid {
				line = append(line, "<"+v.String+">")
			} else {
				line = append(line, "NULL")
			}
		}
		lines = append(lines, strings.Join(line, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// restrictLine is what newer tools write with a word that is never the same.
var restrictLine = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// postgresContent is the plain text that pg_dump makes of a database.
func postgresContent(t testing.TB, s *servers.PostgreSQL, database string) []string {
	t.Helper()
	text := s.Client(t, "pg_dump", database, nil, "--format=plain", "--no-password")
	return strings.Split(restrictLine.ReplaceAllString(text, ""), "\n")
}

// sqliteContent is the text that the sqlite3 shell makes of a file, with rowids.
func sqliteContent(t testing.TB, path string) []string {
	t.Helper()
	cmd := exec.Command("sqlite3", "-readonly", path, ".dump --preserve-rowids", "PRAGMA integrity_check", "PRAGMA user_version", "PRAGMA application_id",
		"PRAGMA encoding", "PRAGMA page_size", "SELECT * FROM search('brown')", "SELECT rowid, * FROM boxes", "SELECT sql FROM sqlite_schema ORDER BY rowid")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("sqlite3: %v: %s", err, said.String())
	}
	return strings.Split(out.String(), "\n")
}

// same wants two contents to be equal, line by line.
func same(t testing.TB, want, got []string) {
	t.Helper()
	if len(want) < 50 {
		t.Fatalf("only %d lines to compare", len(want))
	}
	missing, more := 0, 0
	for _, line := range want {
		if !slices.Contains(got, line) {
			if missing++; missing <= 10 {
				t.Errorf("did not come back: %.400s", line)
			}
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			if more++; more <= 10 {
				t.Errorf("was not there before: %.400s", line)
			}
		}
	}
	if missing+more == 0 && !slices.Equal(want, got) {
		t.Error("the same lines came back in another order")
	}
}
