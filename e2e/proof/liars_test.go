package proof

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// lie is one backup that is not what it says.
type lie struct {
	name string
	dump []byte
	// change spoils the manifest; nil leaves that of the good backup.
	change func(*models.Manifest)
}

// manifestLies are spoiled manifests beside a good dump.
func manifestLies(good made) []lie {
	inventory := func(name string, change func(*models.Inventory)) lie {
		return lie{name, good.dump, func(m *models.Manifest) { change(&m.Inventory) }}
	}
	return []lie{
		inventory("a row too many", func(i *models.Inventory) { i.Tables[0].Rows++ }),
		inventory("a row too few", func(i *models.Inventory) { i.Tables[len(i.Tables)-1].Rows-- }),
		inventory("another digest", func(i *models.Inventory) { i.Tables[1].SHA256 = strings.Repeat("0", 64) }),
		inventory("a table that never was", func(i *models.Inventory) {
			i.Tables = append(i.Tables, models.TableDigest{Name: "never", Schema: i.Tables[0].Schema})
		}),
		inventory("a table not listed", func(i *models.Inventory) { i.Tables = i.Tables[1:] }),
		inventory("a view that never was", func(i *models.Inventory) {
			i.Objects = append(i.Objects, models.Object{Kind: models.ObjectView, Name: "never"})
		}),
		inventory("an object not listed", func(i *models.Inventory) { i.Objects = i.Objects[:len(i.Objects)-1] }),
		{"another SHA-256", good.dump, func(m *models.Manifest) { m.File.SHA256 = strings.Repeat("1", 64) }},
		{"another length", good.dump, func(m *models.Manifest) { m.File.Size, m.File.SHA256 = m.File.Size+1, strings.Repeat("2", 64) }},
	}
}

// TestLiarsAreNotProven drills 60 backups that are broken or lie.
func TestLiarsAreNotProven(t *testing.T) {
	maria, postgres := servers.MariaDB(t), servers.Postgres(t)
	mariaName, postgresName, litePath := smallMariaDB(t, maria), smallPostgres(t, postgres), smallSQLite(t)
	l := newLab(t, serverSource("maria", "mysql", maria.Host, maria.Port, mariaName, maria.User, maria.Password),
		serverSource("pg", "postgres", postgres.Host, postgres.Port, postgresName, postgres.User, postgres.Password),
		models.Source{Label: "lite", Provider: "sqlite", Settings: models.Settings{"db_path": litePath}})
	told := 0
	for label, lies := range map[string]func(*testing.T, made) []lie{
		"maria": func(t *testing.T, good made) []lie { return append(mariadbLies(t, good), manifestLies(good)...) },
		"pg": func(t *testing.T, good made) []lie {
			return append(postgresLies(t, postgres, good), manifestLies(good)...)
		},
		"lite": func(t *testing.T, good made) []lie { return append(sqliteLies(t, good), manifestLies(good)...) },
	} {
		good := l.backUp(t, label)
		all := lies(t, good)
		told += len(all)
		t.Run(label, func(t *testing.T) {
			truth := l.lie(t, good, good.dump, nil)
			if d, err := l.restores.Drill(t.Context(), models.DrillRequest{BackupID: truth.ID, Trigger: models.TriggerCLI}); err != nil || d.Outcome != models.DrillProven {
				t.Fatalf("the truth is %q: %s (%v)", d.Outcome, d.Reason, err)
			}
			l.notProven(t, good, all)
		})
	}
	if told < 60 {
		t.Errorf("only %d lies were told", told)
	}
}

// notProven drills lies, two at a time.
func (l *lab) notProven(t *testing.T, good made, lies []lie) {
	t.Helper()
	places := make(chan struct{}, 2)
	var wait sync.WaitGroup
	for _, a := range lies {
		b := l.lie(t, good, a.dump, a.change)
		wait.Add(1)
		places <- struct{}{}
		go func() {
			defer func() { <-places; wait.Done() }()
			d, err := l.restores.Drill(t.Context(), models.DrillRequest{BackupID: b.ID, Trigger: models.TriggerCLI})
			if err != nil || d.Outcome != models.DrillDisproven && d.Outcome != models.DrillUnverified {
				t.Errorf("%s: %q: %s (%v)", a.name, d.Outcome, d.Reason, err)
				return
			}
			t.Logf("%s: %s at %q: %s", a.name, d.Outcome, d.Level, d.Reason)
		}()
	}
	wait.Wait()
}

func smallMariaDB(t *testing.T, s *servers.MySQL) string {
	t.Helper()
	name := s.Database(t)
	s.Client(t, name, strings.NewReader(`
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50), KEY by_name (name));
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Edsger');
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, total DECIMAL(10,2), CONSTRAINT whose FOREIGN KEY (customer) REFERENCES customers (id));
INSERT INTO orders VALUES (10, 1, 9.99), (11, 2, 5.00), (12, 1, 7.50);
CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
INSERT INTO log (what) VALUES ('made');
CREATE VIEW best AS SELECT customer, SUM(total) AS sum FROM orders GROUP BY customer;
CREATE VIEW bests_best AS SELECT MAX(sum) AS most FROM best;
CREATE TRIGGER logged AFTER INSERT ON orders FOR EACH ROW INSERT INTO log (what) VALUES ('order');
DELIMITER //
CREATE PROCEDURE sums() BEGIN SELECT SUM(total) FROM orders; END//
CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO DELETE FROM log//
`))
	return name
}

// mariadbLies are dumps of mariadb-dump that somebody spoiled.
func mariadbLies(t *testing.T, good made) []lie {
	t.Helper()
	text := string(good.dump)
	const end = "-- Dump completed\n"
	upTo := func(mark string) string {
		at := strings.Index(text, mark)
		if at < 0 {
			t.Fatalf("the dump has no %q", mark)
		}
		return text[:at]
	}
	without := func(pattern string) []byte {
		cut := regexp.MustCompile(pattern).ReplaceAllString(text, "")
		if cut == text {
			t.Fatalf("nothing matches %q", pattern)
		}
		return []byte(cut)
	}
	swap := func(from, to string) []byte {
		if !strings.Contains(text, from) {
			t.Fatalf("the dump has no %q", from)
		}
		return []byte(strings.Replace(text, from, to, 1))
	}
	more := func(statement string) []byte { return []byte(strings.TrimSuffix(text, end) + statement + "\n" + end) }
	return []lie{
		{"cut between statements", []byte(upTo("CREATE TABLE `orders`")), nil},
		{"cut between statements, with an end", []byte(upTo("CREATE TABLE `orders`") + end), nil},
		{"cut in a row", []byte(upTo("Grace")), nil},
		{"cut before the end marker", []byte(strings.TrimSuffix(text, end)), nil},
		{"cut before the views", []byte(upTo("-- Final view structure") + end), nil},
		{"an empty dump", nil, nil},
		{"an end marker and nothing else", []byte(end), nil},
		{"no table log", without("(?s)DROP TABLE IF EXISTS `log`;.*?CREATE TABLE `log`.*?;\n.*?INSERT INTO `log`.*?;\n"), nil},
		{"rows missing", without(`,\n\(2,'Grace'\)`), nil},
		{"a row's value is another", swap("'Grace'", "'Grice'"), nil},
		{"a row twice under another key", swap("(3,'Edsger')", "(3,'Edsger'),\n(4,'Edsger')"), nil},
		{"a view whose base is gone", more("DROP TABLE IF EXISTS `orders`;"), nil},
		{"a broken definition", swap("PRIMARY KEY (`id`)", "PRIMARY KEY (`nothing`)"), nil},
		{"an index less", without(",\n  KEY `by_name` \\(`name`\\)"), nil},
		{"a trigger less", without("(?s)/\\*!50003 CREATE\\*/.*?TRIGGER.*?END \\*/;;|(?s)/\\*!50003 CREATE\\*/ /\\*!50017.*?;;"), nil},
		{"a client's command", more("\\! touch /tmp/never\n"), nil},
		{"another file read", more("source /etc/passwd"), nil},
		{"something for another database", more("DROP DATABASE IF EXISTS `mysql`;"), nil},
		{"a file that is no dump", bytes.Repeat([]byte("not a dump\n"), 1000), nil},
	}
}

func smallPostgres(t *testing.T, s *servers.PostgreSQL) string {
	t.Helper()
	name := s.Database(t)
	s.Exec(t, name, `CREATE TABLE customers (id int PRIMARY KEY, name text)`, `CREATE INDEX by_name ON customers (name)`, `INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Edsger')`,
		`CREATE TABLE orders (id int PRIMARY KEY, customer int CONSTRAINT whose REFERENCES customers, total numeric)`, `INSERT INTO orders VALUES (10, 1, 9.99), (11, 2, 5.00), (12, 1, 7.50)`,
		`CREATE TABLE log (id serial PRIMARY KEY, what text)`, `INSERT INTO log (what) VALUES ('made')`, `CREATE VIEW best AS SELECT customer, sum(total) AS sum FROM orders GROUP BY customer`,
		`CREATE VIEW bests_best AS SELECT max(sum) AS most FROM best`, `CREATE FUNCTION sums() RETURNS numeric LANGUAGE sql AS 'SELECT sum(total) FROM public.orders'`,
		`CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$`, `CREATE TRIGGER logged BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noted()`)
	return name
}

// postgresLies are archives of databases that lack something, under the manifest of the
// whole one, and archives that somebody spoiled.
func postgresLies(t *testing.T, s *servers.PostgreSQL, good made) []lie {
	t.Helper()
	of := func(statements ...string) []byte {
		name := s.Database(t)
		s.Client(t, "pg_restore", name, bytes.NewReader(good.dump), "--exit-on-error", "--dbname="+name)
		s.Exec(t, name, statements...)
		return []byte(s.Client(t, "pg_dump", name, nil, "--format=custom", "--compress=0", "--no-password"))
	}
	patch := func(from, to string) []byte {
		if len(from) != len(to) || !bytes.Contains(good.dump, []byte(from)) {
			t.Fatalf("cannot patch %q", from)
		}
		return bytes.ReplaceAll(good.dump, []byte(from), []byte(to))
	}
	return []lie{
		{"cut in the middle", good.dump[:len(good.dump)/2], nil},
		{"cut before the last byte", good.dump[:len(good.dump)-1], nil},
		{"cut before the last block", good.dump[:bytes.LastIndex(good.dump, []byte("\\.\n"))-20], nil},
		{"an empty dump", nil, nil},
		{"the magic word and nothing else", []byte("PGDMP"), nil},
		{"of an empty database", of("DROP VIEW bests_best, best", "DROP TABLE orders, customers, log", "DROP FUNCTION sums(), noted()"), nil},
		{"no table log", of("DROP TABLE log"), nil},
		{"rows missing", of("DELETE FROM orders WHERE id = 12"), nil},
		{"a row's value is another", of("UPDATE customers SET name = 'Grice' WHERE id = 2"), nil},
		{"a row more", of("INSERT INTO customers VALUES (4, 'x')"), nil},
		{"an index less", of("DROP INDEX by_name"), nil},
		{"a constraint less", of("ALTER TABLE orders DROP CONSTRAINT whose"), nil},
		{"a trigger less", of("DROP TRIGGER logged ON orders"), nil},
		{"a view less", of("DROP VIEW bests_best"), nil},
		{"a view whose base is gone", patch("CREATE TABLE public.orders", "CREATE TABLE public.0rders"), nil},
		{"a program instead of rows", patch("FROM stdin;\n", "FROM '/ee';\n"), nil},
		{"a broken definition", patch("CREATE VIEW public.best AS", "CREATE VIEW public.best AZ"), nil},
		{"bytes that are no archive", bytes.Repeat([]byte{0xff, 0}, 5000), nil},
	}
}

func smallSQLite(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small.db")
	must(t, sqliteExec(path, `CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON customers (name); INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Edsger');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT REFERENCES customers, total REAL); INSERT INTO orders VALUES (10, 1, 9.99), (11, 2, 5.0), (12, 1, 7.5);
CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT); INSERT INTO log (what) VALUES ('made');
CREATE VIEW best AS SELECT customer, sum(total) AS sum FROM orders GROUP BY customer; CREATE VIEW bests_best AS SELECT max(sum) AS most FROM best;
CREATE TRIGGER logged AFTER INSERT ON orders BEGIN INSERT INTO log (what) VALUES ('order'); END;`))
	return path
}

// sqliteLies are files that somebody changed, under the manifest of the whole one.
func sqliteLies(t *testing.T, good made) []lie {
	t.Helper()
	of := func(statements string) []byte {
		path := filepath.Join(t.TempDir(), "lie.db")
		must(t, os.WriteFile(path, good.dump, 0o600))
		must(t, sqliteExec(path, statements))
		file, err := os.ReadFile(path)
		must(t, err)
		return file
	}
	zeroed := slices.Clone(good.dump)
	clear(zeroed[4096:8192])
	return []lie{
		{"cut in the middle of a page", good.dump[:len(good.dump)/2+100], nil},
		{"cut between pages", good.dump[:len(good.dump)-4096], nil},
		{"an empty dump", nil, nil},
		{"the header and nothing else", good.dump[:100], nil},
		{"a page of zeros", zeroed, nil},
		{"no table log", of("DROP TABLE log"), nil},
		{"rows missing", of("DELETE FROM orders WHERE id = 12"), nil},
		{"a row's value is another", of("UPDATE customers SET name = 'Grice' WHERE id = 2"), nil},
		{"an index less", of("DROP INDEX by_name"), nil},
		{"a view whose base is gone", of("DROP VIEW best; CREATE VIEW best AS SELECT customer, 1 AS sum FROM gone"), nil},
		{"a trigger less", of("DROP TRIGGER logged"), nil},
		{"everything gone", of("DROP VIEW bests_best; DROP VIEW best; DROP TABLE orders; DROP TABLE customers; DROP TABLE log"), nil},
	}
}

func sqliteExec(path, script string) error {
	if out, err := exec.Command("sqlite3", "-bail", path, script).CombinedOutput(); err != nil {
		return fmt.Errorf("sqlite3: %w: %s", err, out)
	}
	return nil
}
