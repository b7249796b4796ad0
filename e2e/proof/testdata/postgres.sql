-- Everything that a PostgreSQL database can hold and a restore can get wrong.
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA "odd schema";
COMMENT ON SCHEMA "odd schema" IS 'it''s odd; -- really';

CREATE TYPE mood AS ENUM ('sad', 'so-so', 'it''s great', '');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0) DEFAULT 1;
CREATE DOMAIN "odd schema"."e mail" AS citext CHECK (VALUE ~ '@');
CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE COLLATION "odd schema".plain (provider = libc, locale = 'C');

CREATE TABLE numbers (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000 INCREMENT BY 7) PRIMARY KEY,
  a smallint, b int, c bigint, d numeric, e numeric(50,20), f real, g double precision, h money, i boolean, j serial, k oid
);
INSERT INTO numbers (a, b, c, d, e, f, g, h, i, k) VALUES
  (-32768, -2147483648, -9223372036854775808, 'NaN', -123456789012345678901234567890.12345678901234567890, '-Infinity', 'NaN', '-92233720368547758.08', false, 0),
  (32767, 2147483647, 9223372036854775807, 1e300, 0.00000000000000000001, 3.4028235e38, 1.7976931348623157e308, '0.01', true, 4294967295),
  (NULL, NULL, NULL, NULL, NULL, 1e-45, 5e-324, NULL, NULL, NULL), (0, 0, 0, 0.10, 0.1, -0.0, '-0', '0', true, 1);
CREATE TABLE moments (id int PRIMARY KEY, a date, b time(6), c timetz, d timestamp, e timestamptz, f interval);
INSERT INTO moments VALUES (1, 'infinity', '24:00', '23:59:59.999999-15:59', '-infinity', 'infinity', '-178000000 years'),
  (2, '4713-01-01 BC', '00:00:00.000001', '00:00+15:59', '294276-12-31 23:59:59.999999', '4713-01-01 00:00:00+00 BC', '1 mon -1 day +00:00:00.000001'), (3, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE texts (id int PRIMARY KEY, a char(10), b varchar(300), c text, d name, e "char", f text COLLATE "C", g text COLLATE "odd schema".plain, h citext, i "odd schema"."e mail", j xml, k json, l jsonb, m tsvector, n tsquery, o jsonpath);
INSERT INTO texts VALUES (1, '', '', '', '', '', '', '', '', NULL, '', '""', '""', '', '', '$'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, '  x', E'new\nline\ttab\\slash\r', E'\\N', 'na"me', '\', E'\\.\n', 'COPY t FROM PROGRAM ''false'';', 'CaSe', 'A@b', '<a b="c">&amp;</a>', '{"a":1, "a":2}', '{"b": [1, null, "ü"], "n": 12345678901234567890.10}', '''cat'':1A ''it''''s'':3', '''a'' & !''b''', '$.a[*] ? (@ > 1)'),
  (4, '😀', '𝔘𝔫𝔦 👩‍👩‍👧‍👦', '漢字', 'ü', 'x', E'\\! touch /tmp/never', E'\u0001\u007F', 'straße', 'ü@ü', '<x/>', '[]', '[]', 'a', 'a', '$.*');
CREATE TABLE bytes (id int PRIMARY KEY, a bytea, b bit(5), c bit varying(100));
INSERT INTO bytes SELECT 1, decode(string_agg(lpad(to_hex(n), 2, '0'), '' ORDER BY n), 'hex'), B'10101', B'' FROM generate_series(0, 255) n;
INSERT INTO bytes VALUES (2, '', B'00000', NULL), (3, NULL, NULL, repeat('10', 50)::varbit);
CREATE TABLE others (id uuid PRIMARY KEY, a inet, b cidr, c macaddr, d macaddr8, e point, f line, g lseg, h box, i path, j polygon, k circle, l int4range, m numrange, n tstzrange, o daterange, p floatrange, q int4multirange,
  r hstore, s mood, t pair, u positive, v int[], w text[][], x mood[], y pair[], z pg_lsn, aa txid_snapshot, ab regclass, ac positive[]);
INSERT INTO others VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::1/64', '192.0.2.0/24', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '(1.5,-2)', '{1,2,3}', '[(0,0),(1,1)]', '((1,1),(0,0))', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),5>',
  '[1,10)', '(,5.5]', '["2024-01-01 00:00+00",)', 'empty', '[0.1,0.2]', '{[1,3),[5,6)}', '"a"=>"1", "b"=>NULL', 'it''s great', '(1,"a ""b"", c")', 5, '{1,NULL,3}', '{{"a","b,c"},{"NULL",NULL}}', '{sad,""}', '{"(1,x)","(,)"}', '16/B374D848', '10:20:10,14,15', 'numbers', '{1,2}');
INSERT INTO others (id, v, w) VALUES ('00000000-0000-0000-0000-000000000000', '[-1:1]={1,2,3}', '{}');

CREATE TABLE derived (id int PRIMARY KEY, price numeric NOT NULL, many int NOT NULL DEFAULT 1, total numeric GENERATED ALWAYS AS (price * many) STORED, gone int, kept text DEFAULT 'it''s' || now()::date::text);
ALTER TABLE derived DROP COLUMN gone;
INSERT INTO derived (id, price, many, kept) VALUES (1, 1.25, 3, 'x'), (2, 99.99, 2, NULL);
ALTER TABLE derived ADD COLUMN later int DEFAULT 42;

CREATE TABLE by_range (id int NOT NULL, at date NOT NULL, t text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE by_range_old PARTITION OF by_range FOR VALUES FROM (MINVALUE) TO ('2000-01-01');
CREATE TABLE "by_range new" PARTITION OF by_range FOR VALUES FROM ('2000-01-01') TO (MAXVALUE) PARTITION BY LIST (id);
CREATE TABLE by_range_ones PARTITION OF "by_range new" FOR VALUES IN (1, 2);
CREATE TABLE by_range_rest PARTITION OF "by_range new" DEFAULT;
CREATE INDEX by_range_t ON by_range (t);
INSERT INTO by_range VALUES (1, '1999-12-31', 'a'), (1, '2000-01-01', 'b'), (7, '2024-02-29', NULL);
CREATE TABLE by_hash (id int) PARTITION BY HASH (id);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_hash SELECT generate_series(1, 20);
CREATE TABLE parent (id int, a text); CREATE TABLE child (b int) INHERITS (parent);
INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (2, 'c', 3);
CREATE UNLOGGED TABLE unlogged (id int); INSERT INTO unlogged VALUES (1);

CREATE SEQUENCE steps AS smallint START 10 INCREMENT 5 MINVALUE 1 MAXVALUE 1000 CACHE 3 CYCLE; SELECT nextval('steps'), nextval('steps');
CREATE SEQUENCE "odd schema"."odd ""seq" INCREMENT -1; SELECT nextval('"odd schema"."odd ""seq"');
CREATE SEQUENCE untouched START 77;
CREATE TABLE numbered (id bigint DEFAULT nextval('steps') PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY); INSERT INTO numbered DEFAULT VALUES;

CREATE TABLE hen (id int PRIMARY KEY, egg_id int);
CREATE TABLE egg (id int PRIMARY KEY, hen_id int CONSTRAINT "egg's hen" REFERENCES hen ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO hen VALUES (1, 1), (2, NULL); INSERT INTO egg VALUES (1, 1);
ALTER TABLE hen ADD CONSTRAINT hens_egg FOREIGN KEY (egg_id) REFERENCES egg ON UPDATE SET NULL;
CREATE TABLE tree (id positive PRIMARY KEY, parent positive REFERENCES tree); INSERT INTO tree VALUES (1, NULL), (2, 1);
CREATE TABLE indexed (id int PRIMARY KEY, a text, b text, c int4range, CONSTRAINT no_overlap EXCLUDE USING gist (c WITH &&), CONSTRAINT "a or b" CHECK (a IS NOT NULL OR b IS NOT NULL) NOT VALID);
INSERT INTO indexed VALUES (1, 'a', NULL, '[1,2)'), (2, 'b', 'the quick', '[5,7)');
CREATE UNIQUE INDEX "part ial" ON indexed (lower(a)) INCLUDE (id) WHERE b IS NULL;
CREATE INDEX ON indexed USING gin (b gin_trgm_ops); CREATE INDEX hashed ON indexed USING hash (a); CREATE INDEX brinned ON indexed USING brin (id) WITH (pages_per_range = 32);
ALTER TABLE indexed CLUSTER ON indexed_pkey; ALTER TABLE indexed REPLICA IDENTITY FULL; CREATE STATISTICS stats (dependencies) ON a, b FROM indexed;
COMMENT ON TABLE indexed IS E'a table; with -- a "comment"\nof two lines'; COMMENT ON COLUMN indexed.a IS 'col';

CREATE TABLE audit (id serial PRIMARY KEY, what text);
CREATE TABLE "select" ("from" int PRIMARY KEY, "where" text); INSERT INTO "select" VALUES (1, 'reserved');
CREATE TABLE "odd schema"."has space" ("a b" int PRIMARY KEY, "c d" text); INSERT INTO "odd schema"."has space" VALUES (1, 'x');
CREATE TABLE "quo""te" ("a""b" int PRIMARY KEY, "it's" text); INSERT INTO "quo""te" VALUES (1, 'y');
CREATE TABLE "back`tick" (id int); INSERT INTO "back`tick" VALUES (1);
CREATE TABLE "-leading" ("-x" int PRIMARY KEY); INSERT INTO "-leading" VALUES (3);
CREATE TABLE "a_name_that_is_exactly_sixty_characters_long_and_not_more_abc" (id int PRIMARY KEY); INSERT INTO "a_name_that_is_exactly_sixty_characters_long_and_not_more_abc" VALUES (60);
CREATE TABLE "ünï😀" (id int PRIMARY KEY); INSERT INTO "ünï😀" VALUES (4);
CREATE TABLE "dot.ted" (id int); CREATE TABLE "Upper" (id int); CREATE TABLE "semi;colon" ("a;b" text DEFAULT ';'); INSERT INTO "semi;colon" DEFAULT VALUES;
CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES;

CREATE VIEW v_top AS SELECT id, total FROM derived WHERE many > 1;
CREATE VIEW v_of_view WITH (security_barrier) AS SELECT count(*) AS n, sum(total) AS s FROM v_top;
CREATE VIEW a_view_of_views AS SELECT n FROM v_of_view;
CREATE MATERIALIZED VIEW "mat view" AS SELECT * FROM v_of_view; CREATE UNIQUE INDEX ON "mat view" (n);
CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS one WITH NO DATA;
CREATE RECURSIVE VIEW upto (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM upto WHERE n < 5;
CREATE VIEW checked AS SELECT "from" FROM "select" WHERE "from" > 0 WITH CASCADED CHECK OPTION;

CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN NEW."c d" := upper(NEW."c d") || $q$;'$q$; RETURN NEW; END $body$;
CREATE TRIGGER "odd trigger" BEFORE INSERT OR UPDATE OF "c d" ON "odd schema"."has space" FOR EACH ROW WHEN (NEW."c d" <> 'no') EXECUTE FUNCTION shout();
CREATE TRIGGER disabled AFTER DELETE ON "odd schema"."has space" FOR EACH STATEMENT EXECUTE FUNCTION shout(); ALTER TABLE "odd schema"."has space" DISABLE TRIGGER disabled;
CREATE FUNCTION standard(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC SELECT a + b; END;
CREATE FUNCTION rows_of(VARIADIC ids int[]) RETURNS TABLE (i int, t text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS 'SELECT id, a FROM indexed WHERE id = ANY (ids)';
CREATE PROCEDURE "pro cedure"(INOUT x int) LANGUAGE plpgsql AS $$ BEGIN x := x * 2; COMMIT; END $$;
CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = 1);
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = ===);
CREATE CAST (pair AS text) WITH INOUT AS ASSIGNMENT;
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER watch_ddl ON ddl_command_end EXECUTE FUNCTION on_ddl();
CREATE RULE no_delete AS ON DELETE TO audit DO INSTEAD NOTHING;
ALTER TABLE audit ENABLE ROW LEVEL SECURITY; CREATE POLICY "own rows" ON audit FOR SELECT USING (what <> 'secret');
CREATE TEXT SEARCH CONFIGURATION simple_copy (COPY = simple);
CREATE PUBLICATION pub FOR TABLE numbers, hen WITH (publish = 'insert');
CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER away FOREIGN DATA WRAPPER nothing OPTIONS (host 'a''b');
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
GRANT SELECT (id, a) ON indexed TO PUBLIC; REVOKE EXECUTE ON FUNCTION standard FROM PUBLIC;
SELECT lo_from_bytea(424242, '\x00ff10'); SELECT lo_from_bytea(424243, decode(repeat('00ff', 300000), 'hex')); SELECT lo_create(424244); COMMENT ON LARGE OBJECT 424242 IS 'blob';
