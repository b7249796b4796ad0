package source

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// recorded returns the recorded output of a tool, made from the torture schema.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func scanned(t testing.TB, dump []byte, cut func() int) *sqlScanner {
	t.Helper()
	s := newSQLScanner()
	for len(dump) > 0 {
		n := min(max(cut(), 1), len(dump))
		if _, err := s.Write(dump[:n]); err != nil {
			t.Fatal(err)
		}
		dump = dump[n:]
	}
	return s
}

func whole() int { return 1 << 30 }

var recordings = []string{"mariadb.sql", "mysql.sql"}

func TestScannerFindsEverything(t *testing.T) {
	want := map[models.Object]bool{}
	for kind, names := range map[models.ObjectKind][]string{
		models.ObjectTable:   {"-x=1 y", "dg", "empty_t", "nl\nname", "we`ird ta'ble"},
		models.ObjectView:    {"v1", "v2"},
		models.ObjectTrigger: {"trg", "trg 2"},
		models.ObjectRoutine: {"f1", "p1"},
		models.ObjectEvent:   {"ev"},
	} {
		for _, name := range names {
			want[models.Object{Kind: kind, Name: name}] = true
		}
	}
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			s := scanned(t, recorded(t, name), whole)
			if err := s.Err("tool"); err != nil {
				t.Fatal(err)
			}
			got := map[models.Object]bool{}
			for _, o := range s.Objects() {
				if o.Definition == "" {
					t.Errorf("%v has no digest", o)
				}
				if o = o.Identity(); got[o] {
					t.Errorf("%v told twice", o)
				}
				got[o] = true
			}
			delete(got, models.Object{Kind: models.ObjectSequence, Name: "s1"})
			delete(got, models.Object{Kind: models.ObjectTable, Name: "sv"})
			delete(got, models.Object{Kind: models.ObjectIndex, Name: "we`ird ta'ble PRIMARY"})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			rows := map[string]int64{}
			for _, table := range s.Tables() {
				rows[table.Name] = table.Rows
			}
			delete(rows, "sv")
			if want := map[string]int64{"-x=1 y": 1, "dg": 1, "empty_t": 0, "nl\nname": 2, "we`ird ta'ble": 3}; !reflect.DeepEqual(rows, want) {
				t.Errorf("rows %v, not %v", rows, want)
			}
		})
	}
}

// TestScannerIgnoresCuts feeds one stream in many ways, which must not matter.
func TestScannerIgnoresCuts(t *testing.T) {
	dumps := map[string][]byte{"made": madeDump(t, 300)}
	for _, name := range recordings {
		dumps[name] = recorded(t, name)
	}
	for name, dump := range dumps {
		t.Run(name, func(t *testing.T) {
			want := scanned(t, dump, whole)
			for seed := range uint64(200) {
				r := rand.New(rand.NewPCG(seed, 1))
				limit := 1 + r.IntN(40)
				got := scanned(t, dump, func() int { return r.IntN(limit) })
				if !reflect.DeepEqual(got.Tables(), want.Tables()) || !reflect.DeepEqual(got.Objects(), want.Objects()) ||
					got.complete != want.complete {
					t.Fatalf("seed %d: %v\nnot %v", seed, got.Tables(), want.Tables())
				}
			}
		})
	}
}

// madeDump writes values that look like what the scanner searches for, in both
// vendors' layouts, and knows how many rows there are.
func madeDump(t testing.TB, rows int) []byte {
	t.Helper()
	nasty := []string{`),(`, `a\'),(\'b`, `\\`, `\\\\\'`, `);\n`, `-- Dump completed\n`, `INSERT INTO`, `)`, `),`, `(`, ``, `''`, `\"`}
	var b bytes.Buffer
	for _, layout := range []struct{ name, first, between string }{
		{"lines", "\n", ",\n"}, {"one", " ", ","},
	} {
		fmt.Fprintf(&b, "CREATE TABLE `%s` (\n  `a` text COMMENT 'x;\\'y'\n);\nINSERT INTO `%s` (`a VALUES (`, `b`) VALUES%s", layout.name, layout.name, layout.first)
		for i := range rows {
			if i > 0 {
				b.WriteString(layout.between)
			}
			fmt.Fprintf(&b, "(%d,'%s',NULL,'%s')", i, nasty[i%len(nasty)], nasty[(i*7+3)%len(nasty)])
		}
		b.WriteString(";\n")
	}
	b.WriteString(endMarker + "\n")
	return b.Bytes()
}

func TestScannerCountsRowsPastLookalikes(t *testing.T) {
	s := scanned(t, madeDump(t, 1000), whole)
	if err := s.Err("tool"); err != nil {
		t.Fatal(err)
	}
	for _, table := range s.Tables() {
		if table.Rows != 1000 {
			t.Errorf("%s has %d rows, not 1000", table.Name, table.Rows)
		}
	}
}

func TestScannerWantsTheEndMarkerLast(t *testing.T) {
	dump := recorded(t, "mariadb.sql")
	for name, changed := range map[string][]byte{
		"empty":            nil,
		"one byte short":   dump[:len(dump)-1],
		"without the line": dump[:len(dump)-len(endMarker)-1],
		"one byte more":    append(bytes.Clone(dump), '\n'),
		"a comment more":   append(bytes.Clone(dump), "-- x\n"...),
		"in a value":       []byte("INSERT INTO `a` VALUES\n('\n-- Dump completed\n"),
		"in a body":        []byte("DELIMITER ;;\nCREATE PROCEDURE `p`()\nBEGIN\n-- Dump completed\n"),
		"with a date":      []byte("-- Dump completed on 2020-01-01\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := scanned(t, changed, whole).Err("mariadb-dump"); err == nil {
				t.Error("taken for a whole dump")
			}
		})
	}
}

// TestScannerLooksPastBodies has a routine whose lines look like the dump's own.
func TestScannerLooksPastBodies(t *testing.T) {
	dump := "DELIMITER ;;\nCREATE DEFINER=`a`@`b` PROCEDURE `p`()\nBEGIN\nINSERT INTO `t` VALUES\n(1);\nCREATE TABLE `t` (a INT);\n" +
		"-- Dump completed\nEND ;;\nDELIMITER ;\n-- Dump completed\n"
	s := scanned(t, []byte(dump), whole)
	if err := s.Err("tool"); err != nil {
		t.Fatal(err)
	}
	if o := s.Objects(); len(o) != 1 || o[0].Identity() != (models.Object{Kind: models.ObjectRoutine, Name: "p"}) || len(s.Tables()) != 0 {
		t.Errorf("found %v and %v", s.Objects(), s.Tables())
	}
}

// TestScannerReadsEveryLayoutOfRows has the ways in which both tools write the
// rows of a table, with and without a list of columns.
func TestScannerReadsEveryLayoutOfRows(t *testing.T) {
	for name, insert := range map[string]string{
		"lines":              "INSERT INTO `t` VALUES\n(1,'),('),\n(3,';'),\n(5,'\\n');\n",
		"lines, columns":     "INSERT INTO `t` (`a`, `b VALUES (`) VALUES (1,'),('),\n(3,';'),\n(5,'\\n');\n",
		"one line":           "INSERT INTO `t` VALUES (1,'),('),(3,';'),(5,'\\n');\n",
		"one line, columns":  "INSERT INTO `t` (`a`, `b\nVALUES\n(`) VALUES (1,'),('),(3,';'),(5,'\\n');\n",
		"a statement a row":  "INSERT INTO `t` VALUES (1,'),(');\nINSERT INTO `t` VALUES (3,';');\nINSERT INTO `t` VALUES\n(5,'\\n');\n",
		"one row, then more": "INSERT INTO `t` (`a`) VALUES ('),(');\nINSERT INTO `t` (`a`) VALUES (3),\n(5);\n",
	} {
		t.Run(name, func(t *testing.T) {
			dump := []byte(insert + "DROP TABLE `x`;\nINSERT INTO `last` VALUES (1);\n-- Dump completed\n")
			for size := range len(dump) {
				s := scanned(t, dump, func() int { return size + 1 })
				if err := s.Err("tool"); err != nil {
					t.Fatal(err)
				}
				tables := s.Tables()
				if len(tables) != 2 || tables[0].Rows != 3 || tables[0].Bytes != int64(len(insert)) || tables[1].Rows != 1 {
					t.Fatalf("in pieces of %d: %v", size+1, tables)
				}
			}
		})
	}
}

// TestScannerLetsNoDataFallBetweenTables has streams whose rows would be
// counted for no table, or not at all.
func TestScannerLetsNoDataFallBetweenTables(t *testing.T) {
	for name, part := range map[string]string{
		"rows of no statement":    "(3,4),\n(5,6);\n",
		"a value":                 "'x');\n",
		"a name":                  "`x`;\n",
		"a number":                "1,2);\n",
		"an unknown word":         "hello (1);\n",
		"an INSERT without rows":  "INSERT INTO `t` SELECT 1;\n",
		"a line break in a value": "INSERT INTO `t` VALUES\n('a\nb');\n",
		"and on one line":         "INSERT INTO `t` VALUES ('a\nb');\n",
		"another delimiter":       "DELIMITER $$\nCREATE TABLE `t` (a INT)$$\nDELIMITER ;\n",
	} {
		t.Run(name, func(t *testing.T) {
			dump := "INSERT INTO `t` VALUES\n(1);\n" + part + "-- Dump completed\n"
			if err := scanned(t, []byte(dump), whole).Err("tool"); err == nil {
				t.Error("taken for a whole dump")
			}
		})
	}
}

// TestScannerReadsBodies has what routines, triggers and events may hold.
func TestScannerReadsBodies(t *testing.T) {
	for name, c := range map[string]struct {
		blocks string
		want   []string
	}{
		"a DELIMITER for each": {"DELIMITER ;;\n/*!50003 SET sql_mode = '' */ ;;\n/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`%`*/ /*!50106 EVENT `e1` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */ ;;\n" +
			"/*!50106 DROP EVENT IF EXISTS `e2` */;;\nDELIMITER ;;\n/*!50106 CREATE*/ /*!50106 EVENT `e2` ON SCHEDULE EVERY 1 DAY DO SELECT 2\n*/ ;;\nDELIMITER ;\n", []string{"e1", "e2"}},
		"the delimiter in a string": {"DELIMITER ;;\nCREATE PROCEDURE `p`()\nBEGIN SELECT ';;\nDELIMITER ;\nDROP TABLE t;\n', \";;\\\";;\"; END ;;\nDELIMITER ;\n", []string{"p"}},
		"quotes in comments":        {"DELIMITER ;;\nCREATE PROCEDURE `p`()\nBEGIN -- it's\n# it's ;;\n/* it's ;; */ SELECT 5--3, 6/2 /* */ /**/; --\nEND\n;;\nDELIMITER ;\n", []string{"p"}},
		"a line break in a name":    {"/*!50003 DROP PROCEDURE IF EXISTS `p\n1` */;\nDELIMITER ;;\nCREATE PROCEDURE `p\n1`()\nSELECT 1 ;;\nDELIMITER ;\n", []string{"p\n1"}},
		"no escapes": {"/*!50003 SET sql_mode              = 'NO_BACKSLASH_ESCAPES' */ ;\nDELIMITER ;;\nCREATE PROCEDURE `p`()\nSELECT 'c:\\', \"\\\" ;;\nDELIMITER ;\n" +
			"/*!50003 SET sql_mode              = @saved_sql_mode */ ;\nDELIMITER ;;\nCREATE PROCEDURE `q`()\nSELECT 'it\\'s' ;;\nDELIMITER ;\n", []string{"p", "q"}},
		"ANSI quotes": {"/*!50003 SET sql_mode              = 'ANSI_QUOTES' */ ;\nDELIMITER ;;\nCREATE PROCEDURE \"p\"()\nSELECT 'it\\'s' AS \"\\\" ;;\nDELIMITER ;\n", []string{"p"}},
	} {
		t.Run(name, func(t *testing.T) {
			dump := []byte(c.blocks + "INSERT INTO `t` VALUES (1);\n-- Dump completed\n")
			for size := range len(dump) {
				s := scanned(t, dump, func() int { return size + 1 })
				if err := s.Err("tool"); err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, o := range s.Objects() {
					names = append(names, o.Name)
				}
				if !slices.Equal(names, c.want) || len(s.Tables()) != 1 {
					t.Fatalf("in pieces of %d: found %q, %v", size+1, names, s.Tables())
				}
			}
		})
	}
}

func TestScannerTellsTablesApart(t *testing.T) {
	one := scanned(t, []byte("INSERT INTO `a` VALUES\n(1),\n(2);\n"), whole).Tables()[0]
	two := scanned(t, []byte("INSERT INTO `a` VALUES\n(1),\n(3);\n"), whole).Tables()[0]
	if one.SHA256 == two.SHA256 {
		t.Error("a changed row has the same digest")
	}
}

func BenchmarkScanner(b *testing.B) {
	row := "%d,'customer %d','Rue de la Gare %d','2025-03-01 10:11:12',NULL,19.99,'It\\'s a sentence, with punctuation; and more'"
	for _, layout := range []struct{ name, first, between string }{{"mariadb", "\n", ",\n"}, {"mysql", " ", ","}} {
		var rows []string
		for i := range 8000 {
			rows = append(rows, "("+fmt.Sprintf(row, i, i*7, i*13)+")")
		}
		insert := "INSERT INTO `orders` VALUES" + layout.first + strings.Join(rows, layout.between) + ";\n"
		dump := []byte(strings.Repeat(insert, 32))
		b.Run(layout.name, func(b *testing.B) {
			b.SetBytes(int64(len(dump)))
			for b.Loop() {
				s := newSQLScanner()
				for piece := range slices.Chunk(dump, 256<<10) {
					_, _ = s.Write(piece)
				}
			}
		})
	}
}
