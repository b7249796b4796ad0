package source

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

func readBack(t testing.TB, dump []byte) (models.Inventory, error) {
	t.Helper()
	return mysqlKind.Read(t.Context(), bytes.NewReader(dump), t.TempDir())
}

// sameInventory wants the same tables, digests and objects.
func sameInventory(t testing.TB, want, got models.Inventory) {
	t.Helper()
	sameTables(t, want, got)
	for _, o := range want.Objects {
		if !slices.Contains(got.Objects, o) {
			t.Errorf("%s %q is not there, or made otherwise", o.Kind, o.Name)
		}
	}
	if len(want.Objects) != len(got.Objects) {
		t.Errorf("%d objects, not %d", len(got.Objects), len(want.Objects))
	}
}

// TestMySQLReadEqualsDump wants of a file what the dump said of itself.
func TestMySQLReadEqualsDump(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := "-x=1 `y` # é漢 " + s.Database(t)
		s.Create(t, database)
		tortureMySQL(t, s, database)
		inv, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database)))
		got, err := readBack(t, dump)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Tables, inv.Tables) || !reflect.DeepEqual(got.Objects, inv.Objects) {
			t.Errorf("read %v\nnot %v", got, inv)
		}
		if got.Database != database || got.ServerVersion == "" || got.Tool != inv.Tool || got.ToolVersion != inv.ToolVersion {
			t.Errorf("read %q of server %q by %s %s", got.Database, got.ServerVersion, got.Tool, got.ToolVersion)
		}
		if _, err := readBack(t, append(dump[:len(dump)-1], " on 2025-07-02 10:00:00\n"...)); err != nil {
			t.Errorf("with a date: %v", err)
		}
	})
}

// TestMySQLReadWantsWholeDumps cuts dumps anywhere.
func TestMySQLReadWantsWholeDumps(t *testing.T) {
	for _, name := range recordings {
		dump := recorded(t, name)
		if _, err := readBack(t, dump); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for at := 0; at < len(dump); at += 61 {
			if _, err := readBack(t, dump[:at]); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("%s cut at %d: %v", name, at, err)
			}
		}
	}
}

// hostile are parts of dumps that must not get anywhere near a server, by what a
// refusal says of them.
var hostile = map[string]struct{ part, want string }{
	"a shell":                              {`\! touch RECORDER` + "\n", ""},
	"a shell in a line":                    {"SELECT 1; \\! touch RECORDER\n", ""},
	"system":                               {"system touch RECORDER\n;\n", ""},
	"source":                               {"source RECORDER\n;\n", ""},
	"a dot":                                {"\\. RECORDER\n;\n", ""},
	"sandbox":                              {"CREATE TABLE `x` (a INT) \\- ;\n", ""},
	"tee":                                  {"tee RECORDER\n;\n", ""},
	"a pager":                              {"\\P touch RECORDER\n;\n", ""},
	"a note":                               {"/*M!999999\\- enable the sandbox mode */; \n\\! touch RECORDER\n;\n", ""},
	"a delimiter":                          {"DELIMITER $$\nDROP DATABASE x$$\nDELIMITER ;\n", ""},
	"a delimiter in a table":               {"CREATE TABLE `x` (a INT DEFAULT\ndelimiter //\n 1);\n", ""},
	"an event that counts as a view":       {"DELIMITER ;;\nCREATE DEFINER=view@localhost EVENT `e` ON SCHEDULE EVERY 1 SECOND DO DROP TABLE shop.orders ;;\nDELIMITER ;\n", ""},
	"an event that counts as a table":      {"DELIMITER ;;\nCREATE DEFINER=`x`@table EVENT `e` ON SCHEDULE EVERY 1 SECOND DO DROP TABLE shop.orders ;;\nDELIMITER ;\n", ""},
	"an event by way of an algorithm":      {"DELIMITER ;;\nCREATE ALGORITHM=VIEW EVENT `e` ON SCHEDULE EVERY 1 SECOND DO DROP TABLE shop.orders ;;\nDELIMITER ;\n", ""},
	"an event of some versions":            {"DELIMITER ;;\nCREATE /*!99999 VIEW */ EVENT `e` ON SCHEDULE EVERY 1 SECOND DO DROP TABLE shop.orders ;;\nDELIMITER ;\n", ""},
	"a routine that counts as a view":      {"DELIMITER ;;\nCREATE DEFINER=view@localhost PROCEDURE `p`() BEGIN END ;;\nDELIMITER ;\n", ""},
	"outfile":                              {"SELECT 1 INTO OUTFILE 'RECORDER';\n", "SELECT 1 INTO"},
	"dumpfile":                             {"SELECT 1 INTO DUMPFILE 'RECORDER';\n", ""},
	"load data":                            {"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE x;\n", ""},
	"a plugin":                             {"INSTALL PLUGIN x SONAME 'x.so';\n", ""},
	"a component":                          {"INSTALL COMPONENT 'file://x';\n", ""},
	"a program":                            {"CREATE FUNCTION x RETURNS STRING SONAME 'x.so';\n", ""},
	"another program":                      {"CREATE AGGREGATE FUNCTION x RETURNS STRING SONAME 'x.so';\n", ""},
	"grant":                                {"GRANT ALL ON *.* TO 'x'@'%';\n", "GRANT ALL ON"},
	"revoke":                               {"REVOKE ALL ON *.* FROM 'x'@'%';\n", ""},
	"a user":                               {"CREATE USER x IDENTIFIED BY 'secret';\n", "CREATE USER x"},
	"a role":                               {"CREATE ROLE x;\n", ""},
	"a server":                             {"CREATE SERVER x FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h');\n", ""},
	"a password":                           {"SET PASSWORD = 'x';\n", ""},
	"another variable":                     {"SET @@session.max_allowed_packet = 1;\n", "max_allowed_packet"},
	"global":                               {"SET GLOBAL event_scheduler = ON;\n", "whole server"},
	"at global":                            {"SET @@global.event_scheduler = ON;\n", "whole server"},
	"at global, after another":             {"SET sql_mode = '', @@GLOBAL . event_scheduler = 1;\n", "whole server"},
	"persist":                              {"SET PERSIST event_scheduler = ON;\n", "whole server"},
	"gtid":                                 {"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '';\n", "set-gtid-purged"},
	"a function in a variable":             {"SET sql_mode = (SELECT sleep(1));\n", ""},
	"a call in a variable":                 {"SET @x = sleep(1);\n", ""},
	"use":                                  {"USE `mysql`;\n", "--databases"},
	"use in a comment":                     {"/*!40000 USE `mysql` */;\n", "--databases"},
	"use for newer servers":                {"/*!99999 USE `mysql` */;\n", "--databases"},
	"use for MariaDB":                      {"/*M!100100 USE `mysql` */;\n", "--databases"},
	"a database":                           {"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `x`;\n", "--databases"},
	"dropping a database":                  {"/*!40000 DROP DATABASE IF EXISTS `x`*/;\n", "--databases"},
	"altering a database":                  {"ALTER DATABASE `mysql` CHARACTER SET latin1 COLLATE latin1_bin;\n", "another database"},
	"altering this one's dir":              {"ALTER DATABASE `tt` UPGRADE DATA DIRECTORY NAME;\n", ""},
	"another's table":                      {"CREATE TABLE `mysql`.`x` (a INT);\n", "another database"},
	"another's table dropped":              {"DROP TABLE IF EXISTS `mysql`.`user`;\n", "another database"},
	"its own table dropped again":          {"CREATE TABLE `x` (\n  `a` int(11) DEFAULT NULL\n) ENGINE=InnoDB;\nDROP TABLE IF EXISTS `x`;\n", "made itself"},
	"two tables dropped":                   {"DROP TABLE IF EXISTS `a`, `mysql`.`user`;\n", ""},
	"another's rows":                       {"INSERT INTO `mysql`.`user` VALUES (1);\n", ""},
	"rows of another table":                {"CREATE TABLE `x` (a INT);\nINSERT INTO `y` VALUES (1);\n", "just made"},
	"rows after a trigger":                 {"CREATE TABLE `x` (a INT);\nCREATE TRIGGER `t` BEFORE INSERT ON `x` FOR EACH ROW SET @a = 1;\nINSERT INTO `x` VALUES (1);\n", "just made"},
	"rows of a view":                       {"CREATE TABLE `x` (a INT);\n/*!50001 CREATE ALGORITHM=MERGE VIEW `x` AS SELECT * FROM mysql.user */;\nINSERT INTO `x` VALUES (1);\n", "just made"},
	"rows of elsewhere":                    {"CREATE TABLE `x` (a INT) ENGINE=FEDERATED CONNECTION='mysql://h/d/t';\nINSERT INTO `x` VALUES (1);\n", "just made"},
	"rows through a merge":                 {"CREATE TABLE `x` (a INT) ENGINE=MRG_MyISAM INSERT_METHOD=LAST UNION=(`mysql`.`db`);\nINSERT INTO `x` VALUES (1);\n", "just made"},
	"a statement after rows":               {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` VALUES (1); DROP DATABASE mysql;\n", "not a value"},
	"a function in a row":                  {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` VALUES (load_file('/etc/passwd'));\n", "not a value"},
	"a query in a row":                     {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` VALUES ((SELECT 1));\n", "not a value"},
	"a sequence in a row":                  {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` VALUES (NEXT VALUE FOR mysql.s);\n", "not a value"},
	"a comment in a row":                   {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` VALUES (1/*! + sleep(1) */);\n", "not a value"},
	"rows with an update":                  {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` VALUES (1) ON DUPLICATE KEY UPDATE a = 1;\n", "not a value"},
	"rows with a query":                    {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` SELECT * FROM mysql.user;\n", ""},
	"a partition":                          {"CREATE TABLE `x` (a INT);\nINSERT INTO `x` PARTITION (p) VALUES (1);\n", "INSERT"},
	"a table of a query":                   {"CREATE TABLE `x` (a INT) AS SELECT * FROM mysql.user;\n", ""},
	"a table of a table":                   {"CREATE TABLE `x` (a INT) TABLE mysql.user;\n", ""},
	"a table like another":                 {"CREATE TABLE `x` LIKE mysql.user;\n", ""},
	"a table that may be there":            {"CREATE TABLE IF NOT EXISTS `x` (a INT);\n", ""},
	"a table and a query of newer servers": {"CREATE TABLE `x` (a INT) /*!80000 AS SELECT * FROM mysql.user */;\n", ""},
	"a user of newer servers":              {"/*!50003 CREATE*/ /*!99998 TRIGGER t BEFORE INSERT ON `x` FOR EACH ROW SET @a = */ USER `x`;\n", ""},
	"a user of older servers":              {"/*!50003 CREATE*/ /*!99998 USER x; */ TRIGGER t BEFORE INSERT ON `x` FOR EACH ROW SET @a = 1;\n", ""},
	"a sequence of others":                 {"CREATE TABLE `x` (a INT DEFAULT nextval(`mysql`.`s`));\n", "another database"},
	"another's sequence":                   {"DO SETVAL(`mysql`.`s`, 1, 0);\n", "another database"},
	"more than a sequence":                 {"SELECT SETVAL(`s`, 1, 0), sleep(1);\n", ""},
	"more than a number":                   {"DO SETVAL(`s`, sleep(1), 0);\n", ""},
	"another's trigger":                    {"CREATE TRIGGER `t` BEFORE INSERT ON `mysql`.`user` FOR EACH ROW SET @a = 1;\n", "another database"},
	"another's procedure":                  {"DELIMITER ;;\nCREATE PROCEDURE `mysql`.`p`() SELECT 1 ;;\nDELIMITER ;\n", "another database"},
	"another's event":                      {"DELIMITER ;;\nCREATE EVENT `mysql`.`p` ON SCHEDULE EVERY 1 DAY DO SELECT 1 ;;\nDELIMITER ;\n", "another database"},
	"dynamic":                              {"PREPARE s FROM 'DROP DATABASE mysql';\n", ""},
	"do":                                   {"DO sleep(1);\n", ""},
	"call":                                 {"CALL x();\n", ""},
	"delete":                               {"DELETE FROM mysql.user;\n", ""},
	"update":                               {"UPDATE mysql.user SET a = 1;\n", ""},
	"truncate":                             {"TRUNCATE TABLE mysql.user;\n", ""},
	"rename":                               {"RENAME TABLE a TO mysql.b;\n", ""},
	"flush":                                {"FLUSH PRIVILEGES;\n", ""},
	"replication":                          {"CHANGE MASTER TO MASTER_HOST='h';\n", ""},
	"altering a table":                     {"ALTER TABLE `x` ADD COLUMN b INT;\n", ""},
	"analyze and more":                     {"ANALYZE TABLE `x` UPDATE HISTOGRAM ON a USING DATA 'x';\n", ""},
	"a character set":                      {"SET NAMES gbk;\nCREATE TABLE `x` (a INT);\n", "gbk"},
	"no escapes":                           {"SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nCREATE TABLE `x` (a INT);\n", "SQL mode"},
}

func hostileDump(part, recorder string) []byte {
	const header = "-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)\n--\n-- Host: localhost    Database: tt\n-- Server version\t10.11.19-MariaDB\n\n"
	return []byte(header + strings.ReplaceAll(part, "RECORDER", recorder) + "\n-- Dump completed\n")
}

func TestMySQLReadRefusesWhatNoToolWrites(t *testing.T) {
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			dump := hostileDump(c.part, "/tmp/x")
			_, err := readBack(t, dump)
			if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := readBack(t, hostileDump("CREATE TABLE `x` (a INT);\n", "")); err != nil {
		t.Errorf("nothing wrong: %v", err)
	}
}

// TestMySQLReadTakesValues has every way in which the tools write a value.
func TestMySQLReadTakesValues(t *testing.T) {
	rows := "(1,-2.5,1e-300,0x00FF,0xe,NULL,'a''b','\\'),(;\\\\',_binary 'x',_binary '',.5,+1, 2,b'01')"
	rows = strings.Replace(rows, ",b'01'", "", 1)
	dump := hostileDump("CREATE TABLE `x` (a INT);\nINSERT  IGNORE INTO `x` (`a`, b) VALUES "+rows+",\n"+rows+";\nREPLACE INTO `x` VALUES\n"+rows+";\n", "")
	for size := range 70 {
		var inv models.Inventory
		guard := newMySQLGuard(nil, nil)
		for piece := range slices.Chunk(dump, size+1) {
			if _, err := guard.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		if err := guard.end(); err != nil {
			t.Fatal(err)
		}
		if inv.Tables = guard.scan.Tables(); inv.Rows() != 3 {
			t.Fatalf("%d rows", inv.Rows())
		}
	}
}

func TestMySQLTableParts(t *testing.T) {
	inv, err := readBack(t, hostileDump("CREATE TABLE `t` (\n  `a,b` int NOT NULL AUTO_INCREMENT COMMENT 'KEY `x` (`a`), ',\n  `primary` int,\n  PRIMARY KEY (`a,b`),\n  UNIQUE KEY `u``1` (`primary`),\n"+
		"  KEY `k` ((lower(`a,b`)),`primary` DESC) COMMENT 'x,y',\n  FULLTEXT KEY `ft` (`a`),\n  SPATIAL KEY `sp` (`a`),\n  CONSTRAINT `fk` FOREIGN KEY (`a,b`, `primary`) REFERENCES `z` (`a`, `b`) ON DELETE CASCADE,\n"+
		"  CONSTRAINT `c` CHECK (`a,b` in (1,2)),\n  PERIOD FOR SYSTEM_TIME (`a`, `b`)\n) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4;\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range inv.Objects {
		got = append(got, string(o.Kind)+" "+o.Name)
	}
	if want := []string{"table t", "index t PRIMARY", "index t u`1", "index t k", "index t ft", "index t sp", "constraint t fk", "constraint t c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, not %q", got, want)
	}
}

// TestMySQLDefinitions wants the digest of an object to tell what makes a difference, and
// nothing else.
func TestMySQLDefinitions(t *testing.T) {
	digest := func(statement string) string {
		inv, err := readBack(t, hostileDump(statement+";\n", ""))
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		return inv.Objects[0].Definition
	}
	same := [][2]string{
		{"CREATE TABLE `t` (`a` int) ENGINE=InnoDB AUTO_INCREMENT=5 CHARSET=x", "CREATE TABLE `t` (`a` int) ENGINE=InnoDB AUTO_INCREMENT=6 CHARSET=x"},
		{"CREATE TABLE `t` (`a` int) ENGINE=InnoDB DATA DIRECTORY='/a'", "CREATE TABLE `t` (`a` int) ENGINE=InnoDB DATA DIRECTORY='/b'"},
		{"CREATE TABLE `t` (`a` int DEFAULT nextval(`tt`.`s`))", "CREATE TABLE `t` (`a` int DEFAULT nextval(`s`))"},
		{"/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 TRIGGER tt.t BEFORE INSERT ON `tt`.x FOR EACH ROW SET NEW.a = 1 \n*/", "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 1*/"},
		{"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS select `tt`.`f`(`tt`.`a`) AS `y` from `tt` */", "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS select `f`(`tt`.`a`) AS `y` from `tt` */"},
		{"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS select `tt`.`a`.`n` AS `y` from `a` */", "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS select `a`.`n` AS `y` from `a` */"},
	}
	for _, pair := range same {
		if digest(pair[0]) != digest(pair[1]) {
			t.Errorf("%s differs from\n%s", pair[0], pair[1])
		}
	}
	other := [][2]string{
		{"CREATE TABLE `t` (`a` int COMMENT 'AUTO_INCREMENT=5')", "CREATE TABLE `t` (`a` int COMMENT 'AUTO_INCREMENT=6')"},
		{"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS select `tt`.`a` AS `y` from `tt` */", "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS select `a` AS `y` from `tt` */"},
		{"CREATE TABLE `t` (`a` int)", "CREATE TABLE `t` (`a` int, `b` int)"},
	}
	for _, pair := range other {
		if digest(pair[0]) == digest(pair[1]) {
			t.Errorf("%s is taken for\n%s", pair[0], pair[1])
		}
	}
}

func BenchmarkMySQLGuard(b *testing.B) {
	row := "(7,'customer 7','Rue de la Gare 13','2025-03-01 10:11:12',NULL,19.99,'It\\'s a sentence, with punctuation; and more')"
	dump := hostileDump("CREATE TABLE `x` (a INT);\nINSERT INTO `x` VALUES\n"+strings.Repeat(row+",\n", 200000)+row+";\n", "")
	b.SetBytes(int64(len(dump)))
	for b.Loop() {
		if _, err := mysqlKind.Read(b.Context(), bytes.NewReader(dump), os.TempDir()); err != nil {
			b.Fatal(err)
		}
	}
}
