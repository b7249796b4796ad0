package source

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
)

// TestPostgresNewerArchive restores a recorded archive of pg_dump 18 with an older
// pg_restore, which does not read its format: large objects are listed in another way, and
// their privileges are in one entry for many.
func TestPostgresNewerArchive(t *testing.T) {
	s := servers.Postgres(t)
	dump, err := os.ReadFile("testdata/postgres18.dump")
	if err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "postgres", "CREATE ROLE reader", `CREATE ROLE "odd ON LARGE OBJECT 7"`)
	to := s.Database(t)
	t.Cleanup(func() {
		s.Exec(t, to, `DROP OWNED BY reader, "odd ON LARGE OBJECT 7"`)
		s.Exec(t, "postgres", "DROP ROLE reader", `DROP ROLE "odd ON LARGE OBJECT 7"`)
	})
	target := openedTarget(t, postgresKind, postgresSettings(s, to, "restore_tool", s.Bin+"/pg_restore"))
	req := restoreRequest(t, postgresKind, dump)
	req.Warn = func(sentence string) {
		if !strings.Contains(sentence, "is a superuser") {
			t.Errorf("warned of %s", sentence)
		}
	}
	mustRestore(t, target, req)
	for query, want := range map[string]string{
		"SELECT oid, length(lo_get(oid)), coalesce(obj_description(oid, 'pg_largeobject'), '') FROM pg_largeobject_metadata ORDER BY 1": "11|1|\n12|2|\n13|0|\n20|200|kept\n",
		"SELECT DISTINCT lomacl::text FROM pg_largeobject_metadata WHERE lomacl IS NOT NULL":                                            `{tester=rw/tester,reader=r*/tester,"\"odd ON LARGE OBJECT 7\"=w/tester"}` + "\n",
		"SELECT count(*) FROM pg_largeobject_metadata WHERE lomacl IS NULL":                                                             "1\n",
		"SELECT n, v FROM a ORDER BY n":    "1|2\n2|3\n",
		"SELECT nextval('a_id_seq'), f()":  "3|1\n",
		"SELECT tableoid::regclass FROM p": "p_1\n",
	} {
		if got := s.Query(t, to, query); got != want {
			t.Errorf("%s\nis  %q\nnot %q", query, got, want)
		}
	}
	inv, _ := mustDump(t, opened(t, postgresKind, postgresSettings(s, to)))
	sameTables(t, req.Inventory, inv)
}

// TestPostgresContentsTwice reads what pg_dump writes by way of the shell: the contents
// follow once more.
func TestPostgresContentsTwice(t *testing.T) {
	dump, err := os.ReadFile("testdata/postgres18.dump")
	if err != nil {
		t.Fatal(err)
	}
	want, err := archiveScanned(t, dump, whole)
	if err != nil {
		t.Fatal(err)
	}
	begin := len(want.head.begin) + 1 + 5*len(want.head.made) + 3*5 + len(want.head.database) + len(want.head.server) + len(want.head.tool)
	contents := dump[begin:want.contentsEnd]
	twice := append(bytes.Clone(dump), contents...)
	for _, pieces := range []func() int{whole, func() int { return 1 }} {
		got, err := archiveScanned(t, twice, pieces)
		if err != nil || !slices.Equal(got.Tables(), want.Tables()) || !slices.Equal(got.Objects(), want.Objects()) {
			t.Errorf("%v, %v", got.Tables(), err)
		}
	}
	for n := len(dump) + 1; n < len(twice); n++ {
		if _, err := archiveScanned(t, twice[:n], whole); err == nil {
			t.Fatalf("the first %d bytes of %d are taken for the whole", n, len(twice))
		}
	}
	for name, broken := range map[string][]byte{
		"a byte more":       append(bytes.Clone(twice), 0),
		"contents again":    append(bytes.Clone(twice), contents...),
		"other contents":    append(bytes.Clone(dump), bytes.Replace(contents, []byte("CREATE VIEW"), []byte("CREATE_VIEW"), 1)...),
		"before the blocks": append(bytes.Clone(dump[:want.contentsEnd]), contents...),
	} {
		if _, err := archiveScanned(t, broken, whole); err == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
}
