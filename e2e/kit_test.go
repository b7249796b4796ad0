package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// kit is a recovery kit as a person reads it: the blocks of commands of each step, by the
// line above them.
type kit struct {
	text  string
	steps map[string][]block
}

// block are commands, and the paragraph above them.
type block struct{ above, commands string }

func readKit(text string) kit {
	k := kit{text: text, steps: map[string][]block{}}
	step, above := "", ""
	inside, fresh := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		command, indented := strings.CutPrefix(line, "    ")
		switch {
		case strings.HasPrefix(line, "STEP "):
			step, above = line[:len("STEP 1")], ""
		case line == "MORE":
			step = ""
		case step == "":
		case indented && !inside:
			k.steps[step] = append(k.steps[step], block{above: above, commands: command + "\n"})
		case indented:
			last := len(k.steps[step]) - 1
			k.steps[step][last].commands += command + "\n"
		case line == "":
			fresh = true
		case fresh:
			above, fresh = line+"\n", false
		default:
			above += line + "\n"
		}
		inside = indented
	}
	return k
}

// of returns all commands of a step.
func (k kit) of(step string) string {
	all := ""
	for _, b := range k.steps[step] {
		all += b.commands
	}
	return all
}

// about returns the commands of a step that stand below what begins with words about a drive.
func (k kit) about(t *testing.T, step, words string) string {
	t.Helper()
	for _, b := range k.steps[step] {
		if strings.Contains(b.above, words) {
			return b.commands
		}
	}
	t.Fatalf("%s of the kit does not say %q:\n%s", step, words, k.text)
	return ""
}

// with fills in what step 3 asks for.
func (k kit) with(t *testing.T, values map[string]string) string {
	t.Helper()
	script := ""
	for line := range strings.Lines(k.of("STEP 3")) {
		name, _, _ := strings.Cut(line, "=")
		value, known := values[name]
		if !known {
			t.Errorf("the kit asks for %s", name)
		}
		script += name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n"
	}
	return script
}

// locked is a job that encrypts, its backup, and its kit.
type locked struct {
	config, data string
	file         string
	folder       string
	kit          kit
}

// lockUp makes an encrypted backup with the real program, which refuses before its kit
// was taken.
func lockUp(t *testing.T, source, encryption string) locked {
	t.Helper()
	l := locked{folder: t.TempDir()}
	dir := t.TempDir()
	l.data = filepath.Join(dir, "data")
	l.config = program.WriteConfig(t, dir, fmt.Sprintf("data_sources:\n  - %s\ndrives:\n%s\njobs:\n  - {label: shop-nightly, data_source: shop, encryption: %s}\n",
		source, localDrive(l.folder), encryption))
	if r := l.run(t, "run", "shop-nightly", "--wait"); r.Code == 0 || !strings.Contains(r.Err, `backupman kit "shop-nightly"`) {
		t.Fatalf("without a kit: status %d: %s%s", r.Code, r.Out, r.Err)
	}
	path := filepath.Join(dir, "kit.txt")
	if r := l.run(t, "kit", "shop-nightly", "--output", path); r.Code != 0 {
		t.Fatalf("status %d: %s%s", r.Code, r.Out, r.Err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l.kit = readKit(string(text))
	if r := l.run(t, "run", "shop-nightly", "--wait"); r.Code != 0 {
		t.Fatalf("status %d: %s%s", r.Code, r.Out, r.Err)
	}
	found, err := filepath.Glob(filepath.Join(l.folder, "shop-nightly", "*.age"))
	if err != nil || len(found) != 1 {
		t.Fatalf("on the drive: %v, %v", found, err)
	}
	l.file = filepath.Base(found[0])
	return l
}

func (l locked) run(t *testing.T, args ...string) program.Result {
	t.Helper()
	return program.Run(t, append([]string{"-c", l.config, "--data", l.data}, args...)...)
}

// keyPair makes a key with the stock program.
func keyPair(t *testing.T) (public, file string) {
	t.Helper()
	tool := needs.Program(t, "age-keygen", "age")
	file = filepath.Join(t.TempDir(), "key.txt")
	if out, err := exec.CommandContext(t.Context(), tool, "-o", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), tool, "-y", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out)), file
}

// bare is a machine on which nothing is installed but what a kit asks for.
func bare(t *testing.T, programs map[string]string) (dir, path string) {
	t.Helper()
	dir, path = t.TempDir(), t.TempDir()
	for _, stock := range []string{"bash", "cp", "rm", "sha256sum", "base64", "sed", "sort", "cat", "ls"} {
		programs[stock] = needs.Program(t, stock, "coreutils")
	}
	for _, stock := range []string{"age", "zstd", "jq"} {
		programs[stock] = needs.Program(t, stock, stock)
	}
	for name, real := range programs {
		if err := os.Symlink(real, filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, path
}

// follow runs the steps behind the installation of programs, as one person in one terminal.
func (l locked) follow(t *testing.T, dir string, env []string, values map[string]string) string {
	t.Helper()
	out, err := l.command(t, dir, env, values).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, l.kit.text)
	}
	l.wantClean(t, dir)
	if !strings.Contains(string(out), l.file+"\n") {
		t.Errorf("the kit does not list %s: %s", l.file, out)
	}
	return string(out)
}

// wantClean sees that the last step leaves nothing that is not encrypted, but for what
// was restored.
func (l locked) wantClean(t *testing.T, dir string) {
	t.Helper()
	for _, left := range []string{strings.TrimSuffix(l.file, ".age"), "inventory.json", "unpacked.dump"} {
		if _, err := os.Stat(filepath.Join(dir, left)); err == nil {
			t.Errorf("%s is left", left)
		}
	}
}

func (l locked) command(t *testing.T, dir string, env []string, values map[string]string) *exec.Cmd {
	t.Helper()
	values["FILE"] = l.file
	script := "set -eu\nset -o pipefail\n" + l.kit.about(t, "STEP 2", "On nas,") + l.kit.with(t, values) + l.kit.about(t, "STEP 4", "From nas:")
	for _, step := range []string{"STEP 5", "STEP 6", "STEP 7", "STEP 8"} {
		if l.kit.of(step) == "" {
			t.Errorf("%s has no commands:\n%s", step, l.kit.text)
		}
		script += l.kit.of(step)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = dir, append([]string{"HOME=" + dir, "LC_ALL=C.UTF-8"}, env...)
	return cmd
}

func (l locked) wantInstalled(t *testing.T, packages ...string) {
	t.Helper()
	fields := strings.Fields(l.kit.of("STEP 1"))
	for _, p := range append(packages, "age", "zstd", "jq") {
		if !strings.Contains(" "+strings.Join(fields, " ")+" ", " "+p+" ") {
			t.Errorf("the kit does not install %s: %v", p, fields)
		}
	}
}

// wantDrills drills with each way to give a key, and without one.
func (l locked) wantDrills(t *testing.T, key string) {
	t.Helper()
	if r := l.run(t, "drill", "latest"); r.Code == 0 || !strings.Contains(r.Out, "could not be verified") || !strings.Contains(r.Out, "--identity FILE") {
		t.Errorf("a drill without a key: status %d: %s%s", r.Code, r.Out, r.Err)
	}
	if r := l.run(t, "drill", "latest", "--identity", key); r.Code != 0 || !strings.Contains(r.Out, "proven") {
		t.Errorf("a drill with a key: status %d: %s%s", r.Code, r.Out, r.Err)
	}
	text, err := os.ReadFile(l.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, l.config, strings.Replace(string(text), "encryption: {", fmt.Sprintf("encryption: {identity_file: %q, ", key), 1))
	if r := l.run(t, "drill", "latest"); r.Code != 0 || !strings.Contains(r.Out, "proven") {
		t.Errorf("a drill with encryption.identity_file: status %d: %s%s", r.Code, r.Out, r.Err)
	}
}

func TestTheKitRestoresMariaDB(t *testing.T) {
	server := servers.MariaDB(t)
	db, restored := server.Database(t), "kit_restored"
	server.Exec(t, db, "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(60), b VARBINARY(9), KEY by_note (note))",
		"INSERT INTO orders SELECT seq, CONCAT('ünïcode 🐘 ', seq), UNHEX(HEX(seq)) FROM seq_1_to_3000",
		"CREATE VIEW v AS SELECT count(*) AS n FROM orders")
	dump := func(database string) string {
		options := filepath.Join(t.TempDir(), "client.cnf")
		write(t, options, server.OptionFile())
		out, err := exec.CommandContext(t.Context(), server.DumpTool, "--defaults-file="+options, "--skip-dump-date", "--hex-blob", database).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(out), database, "DATABASE")
	}
	first, _ := keyPair(t)
	second, key := keyPair(t)
	l := lockUp(t, mariadbSource(server, db, server.DumpTool), fmt.Sprintf("{recipients: [%s, %s]}", first, second))
	l.wantInstalled(t, "mariadb-client")
	t.Cleanup(func() { server.Exec(t, "", "DROP DATABASE IF EXISTS "+restored) })
	dir, path := bare(t, map[string]string{"mariadb": needs.Program(t, "mariadb", "mariadb-client")})
	write(t, filepath.Join(dir, ".my.cnf"), server.OptionFile())
	out := l.follow(t, dir, []string{"PATH=" + path}, map[string]string{"KEY": key, "NEW": restored})
	if !strings.Contains(out, "orders: 3000 rows") || !strings.Contains(out, "OK") {
		t.Errorf("it said %s", out)
	}
	if want, got := dump(db), dump(restored); want != got {
		t.Errorf("what was restored is another:\n%s\n%s", want, got)
	}
	l.wantDrills(t, key)
}

func TestTheKitRestoresPostgres(t *testing.T) {
	server := servers.Postgres(t)
	role, db, restored := server.Role(t), server.Database(t), "kit_restored"
	server.Exec(t, db, "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, b bytea)",
		"INSERT INTO orders (note, b) SELECT 'ünïcode 🐘 ' || i, decode(md5(i::text), 'hex') FROM generate_series(1, 3000) i",
		"CREATE INDEX by_note ON orders (lower(note))", "ALTER TABLE orders OWNER TO "+role)
	dump := func(database string) string {
		var lines []string
		for line := range strings.Lines(server.Client(t, "pg_dump", database, nil)) {
			if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	t.Cleanup(func() { server.Exec(t, "postgres", "DROP DATABASE IF EXISTS "+restored+" WITH (FORCE)") })
	public, key := keyPair(t)
	source := fmt.Sprintf("{provider: postgres, label: shop, host: %s, port: %d, db_name: %s, user: %s, password: '%s'}",
		server.Host, server.Port, db, server.User, strings.ReplaceAll(server.Password, "'", "''"))
	l := lockUp(t, source, "{recipients: ["+public+"]}")
	l.wantInstalled(t, "postgresql-client")
	programs := map[string]string{}
	for _, p := range []string{"createdb", "createuser", "pg_restore"} {
		programs[p] = filepath.Join(server.Bin, p)
	}
	dir, path := bare(t, programs)
	l.follow(t, dir, []string{"PATH=" + path, "PGHOST=" + server.Host, "PGPORT=" + strconv.Itoa(server.Port), "PGUSER=" + server.User, "PGPASSWORD=" + server.Password},
		map[string]string{"KEY": key, "NEW": restored})
	if want, got := dump(db), dump(restored); want != got {
		t.Errorf("what was restored is another:\n%s\n%s", want, got)
	}
	l.wantDrills(t, key)
}

// shopFile is a SQLite database, and what is in it.
func shopFile(t *testing.T) (path, content string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "shop.db")
	sqlite3(t, path, `CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT); CREATE INDEX by_note ON orders (note);
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) INSERT INTO orders SELECT n, 'ünïcode 🐘 ' || n FROM c`)
	return path, sqlite3(t, path, ".dump")
}

func TestTheKitRestoresSQLite(t *testing.T) {
	db, want := shopFile(t)
	public, key := keyPair(t)
	l := lockUp(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", db), "{recipients: ["+public+"]}")
	l.wantInstalled(t, "sqlite3")
	dir, path := bare(t, map[string]string{"sqlite3": needs.Program(t, "sqlite3", "sqlite3")})
	l.follow(t, dir, []string{"PATH=" + path}, map[string]string{"KEY": key, "NEW": "restored.sqlite"})
	if got := sqlite3(t, filepath.Join(dir, "restored.sqlite"), ".dump"); got != want {
		t.Errorf("what was restored is another:\n%s\n%s", want, got)
	}
	l.wantDrills(t, key)
}

// TestTheKitRestoresWithAPassphrase types the passphrase into a terminal, as stock age asks
// for it.
func TestTheKitRestoresWithAPassphrase(t *testing.T) {
	const phrase = "correct horse battery"
	terminal := needs.Program(t, "script", "bsdutils")
	db, want := shopFile(t)
	l := lockUp(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", db), fmt.Sprintf("{passphrase: %q}", phrase))
	if strings.Contains(l.kit.text, phrase) {
		t.Error("the kit holds the passphrase")
	}
	dir, path := bare(t, map[string]string{"sqlite3": needs.Program(t, "sqlite3", "sqlite3")})
	inside := l.command(t, dir, []string{"PATH=" + path}, map[string]string{"NEW": "restored.sqlite"})
	write(t, filepath.Join(dir, "steps.sh"), inside.Args[2])
	cmd := exec.CommandContext(t.Context(), terminal, "--quiet", "--return", "--command", filepath.Join(path, "bash")+" steps.sh", "/dev/null")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, inside.Env, strings.NewReader(phrase+"\n"+phrase+"\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, l.kit.text)
	}
	l.wantClean(t, dir)
	if got := sqlite3(t, filepath.Join(dir, "restored.sqlite"), ".dump"); got != want {
		t.Errorf("what was restored is another:\n%s\n%s", want, got)
	}
	if r := l.run(t, "drill", "latest"); r.Code != 0 || !strings.Contains(r.Out, "proven") {
		t.Errorf("a drill: status %d: %s%s", r.Code, r.Out, r.Err)
	}
}
