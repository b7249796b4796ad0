package source_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/sqlite"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/source"
)

// ownCollations is the driver of a program with collations of its own, which
// order the other way round.
const ownCollations = "sqlite-of-a-program"

func init() {
	d := &sqlite.Driver{}
	for _, name := range []string{"REVERSED", `gérman "phone" (257)`} {
		d.MustRegisterCollationUtf8(name, func(a, b string) int { return strings.Compare(b, a) })
	}
	sql.Register(ownCollations, d)
}

const collatedSchema = `
CREATE TABLE rowid (a TEXT COLLATE reversed, b, c);
CREATE INDEX rowid_a ON rowid (a);
CREATE UNIQUE INDEX rowid_b ON rowid (b COLLATE "gérman ""phone"" (257)", c);
CREATE TABLE keyed (k TEXT COLLATE REVERSED PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE checked (a TEXT COLLATE REVERSED CHECK (a > 'm'));
CREATE VIEW v AS SELECT * FROM rowid ORDER BY a;`

func makeCollated(t *testing.T, driver, schema string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "collated.db")
	db, err := sql.Open(driver, path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if _, err := db.ExecContext(t.Context(), `INSERT INTO rowid VALUES (?1, ?1, ?2)`, fmt.Sprint("n", i), i); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `INSERT INTO keyed VALUES (?1, ?2)`, fmt.Sprint("k", i), i); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func wantCollationWarning(t *testing.T, warnings []string) {
	t.Helper()
	if len(warnings) != 1 || !strings.Contains(warnings[0], "reversed") || !strings.Contains(warnings[0], `gérman "phone" (257)`) ||
		!strings.Contains(warnings[0], "order of indexes") {
		t.Errorf("warnings: %q", warnings)
	}
}

func TestSQLiteWithCollationsOfItsOwnProgram(t *testing.T) {
	path := makeCollated(t, ownCollations, collatedSchema+`INSERT INTO checked VALUES ('a');`)
	report, err := sqliteSource(t, path).Check(t.Context())
	if err != nil || len(report.Problems) != 0 {
		t.Errorf("check: %+v, %v", report, err)
	}
	wantCollationWarning(t, report.Warnings)
	kind, err := source.Lookup("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds the stand-ins of the first
		inv, dump := dumpSQLite(t, path)
		wantCollationWarning(t, inv.Warnings)
		proven, err := kind.Read(t.Context(), bytes.NewReader(dump), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		wantCollationWarning(t, proven.Warnings)
		for i, table := range proven.Tables {
			if table != inv.Tables[i] {
				t.Errorf("restored %+v, dumped %+v", table, inv.Tables[i])
			}
		}
	}
}

// The rows of an ordinary table are digested in the order of their ids, whatever
// the indexes are ordered by.
func TestSQLiteDigestsTheSameWithAndWithoutCollations(t *testing.T) {
	plain := strings.NewReplacer("COLLATE reversed", "", "COLLATE REVERSED", "", `COLLATE "gérman ""phone"" (257)"`, "")
	collated, _ := dumpSQLite(t, makeCollated(t, ownCollations, collatedSchema))
	ordinary, _ := dumpSQLite(t, makeCollated(t, "sqlite", plain.Replace(collatedSchema)))
	if len(ordinary.Warnings) != 0 {
		t.Errorf("a database without collations warns: %q", ordinary.Warnings)
	}
	for i, table := range collated.Tables {
		want := ordinary.Tables[i]
		if same := table == want; same != (table.Name != "keyed") || table.Rows != want.Rows {
			t.Errorf("with collations %+v, without %+v", table, want)
		}
	}
}

func TestSQLiteStandInsHideNoDamage(t *testing.T) {
	path := makeCollated(t, ownCollations, collatedSchema+`CREATE TABLE big (x);
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) INSERT INTO big SELECT hex(randomblob(40)) FROM c;`)
	damage(t, path)
	_, err := sqliteSource(t, path).Dump(t.Context(), source.DumpRequest{Out: io.Discard, Log: io.Discard, TempDir: t.TempDir()})
	if !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}
