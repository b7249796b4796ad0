package backups

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestByHandCommands(t *testing.T) {
	cases := []struct{ provider, file, database, options, want string }{
		{"mysql", "/b/shop.sql.zst", "shop", "", "mariadb -e 'CREATE DATABASE shop_restored'\nzstd -dc /b/shop.sql.zst | mariadb --comments shop_restored"},
		{"mysql", "/b/shop.sql.gz", "we`ird", "", "mariadb -e 'CREATE DATABASE weird_restored'\ngzip -dc /b/shop.sql.gz | mariadb --comments weird_restored"},
		{"mysql", "shop.sql", "-x", "", "mariadb -e 'CREATE DATABASE x_restored'\ncat shop.sql | mariadb --comments x_restored"},
		{"postgres", "/b/a b.dump.zst", "shop", "", "createdb shop_restored\nzstd -dc '/b/a b.dump.zst' | pg_restore --exit-on-error --dbname shop_restored"},
		{"postgres", "x.dump", "a=b", "", "createdb ab_restored\ncat x.dump | pg_restore --exit-on-error --dbname ab_restored"},
		{"sqlite", "/b/wiki.sqlite.zst", "/srv/wiki.db", "", "zstd -dc /b/wiki.sqlite.zst > restored.sqlite"},
		{"sqlite", "wiki.sqlite.zst.age", "", "", "age --decrypt --identity KEY_FILE wiki.sqlite.zst.age | zstd -dc > restored.sqlite"},
		{"sqlite", "wiki.sqlite.age", "", "", "age --decrypt --identity KEY_FILE wiki.sqlite.age > restored.sqlite"},
		{"mysql", "s.sql", "s", "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "mariadb -e 'CREATE DATABASE s_restored CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'\ncat s.sql | mariadb --comments s_restored"},
		{"mysql", "s.sql", "s", "CHARACTER SET x; DROP DATABASE shop", "mariadb -e 'CREATE DATABASE s_restored'\ncat s.sql | mariadb --comments s_restored"},
		{"postgres", "x.dump", "s", "--encoding UTF8 --template template0 --locale de_DE.UTF-8@euro",
			"createdb --encoding UTF8 --template template0 --locale de_DE.UTF-8@euro s_restored\ncat x.dump | pg_restore --exit-on-error --dbname s_restored"},
		{"postgres", "x.dump", "s", "--locale $(id)", "createdb s_restored\ncat x.dump | pg_restore --exit-on-error --dbname s_restored"},
		{"oracle", "x.bin", "x", "", ""},
	}
	for _, c := range cases {
		if got := NewByHand(c.provider, c.file, models.Inventory{Database: c.database, Options: c.options}, "", nil).Commands; got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.provider, c.file, got, c.want)
		}
	}
}

// The words must survive a real shell, whatever a file is called.
func TestByHandCommandsRestoreAFileWithAHostileName(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "it's $(touch pwned) `x`.sqlite")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	hand := NewByHand("sqlite", file, models.Inventory{}, "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73", nil)
	for _, script := range strings.Split(hand.Check+"\n"+hand.Commands, "\n") {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "restored.sqlite")); err != nil || string(got) != "content" {
		t.Errorf("restored %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("the file's name was run as a command")
	}
}
