-- Everything that an SQLite database can hold and a restore can get wrong.
PRAGMA foreign_keys = OFF;
PRAGMA user_version = 42;
PRAGMA application_id = 305419896;
CREATE TABLE anything (id INTEGER PRIMARY KEY AUTOINCREMENT, a, b INT, c REAL, d TEXT, e BLOB, f NUMERIC);
INSERT INTO anything VALUES (1, NULL, NULL, NULL, NULL, NULL, NULL), (2, '', 0, 0.0, '', x'', 0),
  (3, 9223372036854775807, -9223372036854775808, 1.7976931348623157e308, 'it''s "q" `b` ; -- no', x'00ff0d0a5c27', '12345678901234567890123'),
  (4, x'00', 'text in int', 5e-324, '😀 👩‍👩‍👧‍👦 漢字', zeroblob(100000), 1e999), (5, 1, 2, -0.0, 'x' || char(0) || 'y', x'5c', -1e999), (1000, 1, 1, 1, 1, 1, 1);
DELETE FROM anything WHERE id = 1000;
CREATE TABLE bytes (id INTEGER PRIMARY KEY, b BLOB);
WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 255) INSERT INTO bytes SELECT i, substr(x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', i + 1, 1) FROM n;
CREATE TABLE rowids (t TEXT); INSERT INTO rowids (rowid, t) VALUES (-5, 'minus'), (7, 'seven'), (9007199254740993, 'far');
CREATE TABLE without_rowid (a TEXT COLLATE NOCASE, b INT, c TEXT, PRIMARY KEY (a, b DESC)) WITHOUT ROWID; INSERT INTO without_rowid VALUES ('A', 1, 'x'), ('b', 2, NULL);
CREATE TABLE strict_one (i INT NOT NULL, r REAL, t TEXT, b BLOB, a ANY) STRICT; INSERT INTO strict_one VALUES (1, 2, '3', x'04', '05'), (2, NULL, NULL, NULL, 6.5);
CREATE TABLE derived (price REAL, many INT, total REAL AS (price * many) VIRTUAL, kept TEXT GENERATED ALWAYS AS (price || 'x' || many) STORED); INSERT INTO derived VALUES (1.25, 3), (0.1, 7);
CREATE INDEX by_total ON derived (total); CREATE UNIQUE INDEX "part ial" ON derived (kept) WHERE many > 2; CREATE INDEX expr ON derived (abs(many), price DESC);
CREATE TABLE hen (id INTEGER PRIMARY KEY, egg REFERENCES egg (id) DEFERRABLE INITIALLY DEFERRED); CREATE TABLE egg (id INTEGER PRIMARY KEY, hen INT REFERENCES hen ON DELETE CASCADE, CONSTRAINT "pos'itive" CHECK (id > 0));
INSERT INTO hen VALUES (1, 1), (2, NULL); INSERT INTO egg VALUES (1, 1);
CREATE TABLE "select" ("from" INT, "where" TEXT DEFAULT 'it''s', "now" TEXT DEFAULT CURRENT_TIMESTAMP); INSERT INTO "select" VALUES (1, 'reserved', 'x');
CREATE TABLE "has space" ("a b" INT); INSERT INTO "has space" VALUES (1); CREATE TABLE "quo""te" ("a""b" INT); INSERT INTO "quo""te" VALUES (1); CREATE TABLE "back`tick" (a); CREATE TABLE [brac ket] (a); CREATE TABLE 'single' (a);
CREATE TABLE "-leading" ("-x" INT); INSERT INTO "-leading" VALUES (3); CREATE TABLE "it's" (a); INSERT INTO "it's" VALUES ('y'); CREATE TABLE "a_name_that_is_exactly_sixty_characters_long_and_not_more_abc" (id INT); CREATE TABLE "ünï😀" (id); INSERT INTO "ünï😀" VALUES (4); CREATE TABLE "semi;colon" ("a;b" DEFAULT ';'); INSERT INTO "semi;colon" DEFAULT VALUES; CREATE TABLE "nothing" (a);
CREATE VIEW v_top AS SELECT rowid AS id, total FROM derived; CREATE VIEW v_of_view AS SELECT count(*) AS n FROM v_top; CREATE VIEW "a view" ("c 1") AS SELECT n FROM v_of_view;
CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
CREATE TRIGGER "odd trigger" AFTER UPDATE OF b ON anything WHEN NEW.b > 0 BEGIN INSERT INTO audit (what) VALUES ('it''s; ' || OLD.b); UPDATE anything SET c = 1 WHERE id = NEW.id; END;
CREATE TRIGGER instead INSTEAD OF INSERT ON v_top BEGIN SELECT 1; END;
CREATE VIRTUAL TABLE search USING fts5 (title, body, content = ''); INSERT INTO search (rowid, title, body) VALUES (1, 'quick', 'brown fox');
CREATE VIRTUAL TABLE docs USING fts5 (title, body); INSERT INTO docs VALUES ('lazy', 'dog 😀');
CREATE VIRTUAL TABLE boxes USING rtree (id, minx, maxx); INSERT INTO boxes VALUES (1, -1.5, 2.5);
ANALYZE;
