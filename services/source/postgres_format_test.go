package source

import (
	"os"
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
