package source

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

const dollarDump = `-- MySQL dump 10.13  Distrib 9.7.4
CREATE TABLE ~t1~ (a int);
DELIMITER ;;
CREATE FUNCTION js() RETURNS int LANGUAGE JAVASCRIPT
AS $$ let s = "don't"; // it's; $ $1 ~x;;
return 1; $$ ;;
CREATE FUNCTION tagged() RETURNS int LANGUAGE JAVASCRIPT AS $js$ $$ it's $j$ $js$ ;;
CREATE FUNCTION plain(a$b int) RETURNS int DETERMINISTIC RETURN 1 ;;
DELIMITER ;
CREATE TABLE ~t2~ (a$ int, b$c int COMMENT 'it''s');
INSERT INTO ~t2~ VALUES (1,2),(3,4);
-- Dump completed
`

func TestScannerReadsDollarQuotedBodies(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, cut := range []func() int{whole, func() int { return 1 }, func() int { return 1 + r.IntN(9) }} {
		s := newSQLScanner()
		s.dollars = true
		for dump := []byte(strings.ReplaceAll(dollarDump, "~", "`")); len(dump) > 0; {
			n := min(cut(), len(dump))
			if _, err := s.Write(dump[:n]); err != nil {
				t.Fatal(err)
			}
			dump = dump[n:]
		}
		if err := s.Err("mysqldump"); err != nil {
			t.Fatal(err)
		}
		counts := map[models.ObjectKind]int{}
		for _, o := range s.Objects() {
			counts[o.Kind]++
		}
		if counts[models.ObjectTable] != 2 || counts[models.ObjectRoutine] != 3 || s.Tables()[1].Rows != 2 {
			t.Errorf("objects %v, tables %v", s.Objects(), s.Tables())
		}
	}
}

func TestScannerTakesASQLModeOnlyFromItsStatement(t *testing.T) {
	dump := "CREATE TABLE `a` (x int) COMMENT='was: SET sql_mode = NO_BACKSLASH_ESCAPES';\n" +
		"CREATE TABLE `b` (v text, CHECK (`v` <> 'a\\'b'));\nCREATE TABLE `c` (x int);\n-- Dump completed\n"
	s := scanned(t, []byte(dump), whole)
	if err := s.Err("mariadb-dump"); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Tables()); n != 3 {
		t.Errorf("%d tables: %v", n, s.Objects())
	}
}
