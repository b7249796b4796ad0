package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// byHand is the document that tells how to restore with stock tools.
const byHand = "../docs/restoring-without-backupman.md"

// handbook is that document: its commands by the headings above them, as "A / B".
type handbook struct {
	commands map[string]string
	// unpack are the commands for other packings, by the ending of the file.
	unpack map[string]string
}

func readHandbook(t *testing.T) handbook {
	t.Helper()
	text, err := os.ReadFile(byHand)
	if err != nil {
		t.Fatal(err)
	}
	h := handbook{commands: map[string]string{}, unpack: map[string]string{}}
	var chapter, heading string
	inside := false
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimRight(line, "\n"); {
		case strings.HasPrefix(line, "```"):
			inside = line == "```sh"
		case inside:
			h.commands[heading] += line + "\n"
		case strings.HasPrefix(line, "## "):
			chapter = line[3:]
			heading = chapter
		case strings.HasPrefix(line, "### "):
			heading = chapter + " / " + line[4:]
		case chapter == "Other packings" && strings.HasPrefix(line, "| `.") || strings.HasPrefix(line, "| none |"):
			cells := strings.Split(line, "|")
			h.unpack[strings.Trim(cells[1], " `")] = strings.Trim(cells[2], " `")
		}
	}
	return h
}

// person is somebody who follows the document in a folder of their own.
type person struct {
	t    *testing.T
	book handbook
	dir  string
	env  []string
	// done are the headings whose commands were run.
	done *[]string
}

// knows sets names that the commands use, NAME=VALUE.
func (p *person) knows(settings ...string) { p.env = append(p.env, settings...) }

// follows runs the commands below a heading as they stand in the document, with the command
// that unpacks replaced as the document says, and returns what they print.
func (p *person) follows(heading string) string {
	p.t.Helper()
	script, ok := p.book.commands[heading]
	if !ok {
		p.t.Fatalf("the document has no commands below %q", heading)
	}
	*p.done = append(*p.done, heading)
	script = strings.ReplaceAll(script, p.book.unpack[".zst"], p.book.unpack[p.ending()])
	cmd := exec.CommandContext(p.t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = p.dir, p.env
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("%s\n%v: %s%s", script, err, out.String(), errs.String())
	}
	return out.String()
}

// ending is what the name of the file says about its packing.
func (p *person) ending() string {
	for _, setting := range slices.Backward(p.env) {
		if name, ok := strings.CutPrefix(setting, "FILE="); ok {
			if end := filepath.Ext(name); p.book.unpack[end] != "" {
				return end
			}
		}
	}
	return "none"
}

// backUp makes a real backup with the program and returns its dump file.
func backUp(t *testing.T, source, drives, packing string) (file string) {
	t.Helper()
	dir := t.TempDir()
	config := program.WriteConfig(t, dir, fmt.Sprintf("data_sources:\n  - %s\ndrives:\n%s\njobs:\n  - {label: shop-nightly, data_source: shop, drives: %s, compression: %s}\n",
		source, drives, driveLabels(drives), packing))
	r := program.Run(t, "-c", config, "--data", filepath.Join(dir, "data"), "run", "shop-nightly", "--wait")
	if r.Code != 0 {
		t.Fatalf("status %d: %s%s", r.Code, r.Out, r.Err)
	}
	list := program.Run(t, "-c", config, "--data", filepath.Join(dir, "data"), "show", "latest")
	_, file, found := strings.Cut(list.Out, "shop-nightly/")
	if file, _, _ = strings.Cut(file, "\n"); !found || file == "" {
		t.Fatalf("no file in: %s", list.Out)
	}
	return strings.Fields(file)[0]
}

// driveLabels lists the labels in a list of drives.
func driveLabels(drives string) string {
	var labels []string
	for line := range strings.Lines(drives) {
		_, label, _ := strings.Cut(line, "label: ")
		label, _, _ = strings.Cut(label, ",")
		labels = append(labels, label)
	}
	return "[" + strings.Join(labels, ", ") + "]"
}

func localDrive(folder string) string {
	return fmt.Sprintf("  - {provider: local, label: nas, folder: %q}\n", folder)
}

// TestTheHandbookRestores follows docs/restoring-without-backupman.md to the letter, with
// real backups of every kind, and sees that every command in it was run.
func TestTheHandbookRestores(t *testing.T) {
	book := readHandbook(t)
	var done []string
	for _, program := range []struct{ name, debian string }{{"jq", "jq"}, {"zstd", "zstd"}, {"sqlite3", "sqlite3"}, {"sftp", "openssh-client"}, {"bash", "bash"}} {
		needs.Program(t, program.name, program.debian)
	}
	skipped := false
	try := func(name string, follow func(p *person)) {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { skipped = skipped || t.Skipped() })
			dir := t.TempDir()
			follow(&person{t: t, book: book, dir: dir, done: &done,
				env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8", "LABEL=shop-nightly"}})
		})
	}
	try("MariaDB", handMariaDB)
	try("PostgreSQL", handPostgres)
	for _, packing := range []string{"zstd", "gzip", "none"} {
		try("SQLite, "+packing, func(p *person) { handSQLite(p, packing) })
	}
	try("SQLite, encrypted", handEncrypted)
	try("far drives", handFetches)
	for heading := range book.commands {
		if !slices.Contains(done, heading) && !t.Failed() && !skipped {
			t.Errorf("nothing tries the commands below %q", heading)
		}
	}
}

func handMariaDB(p *person) {
	t := p.t
	server := servers.MariaDB(t)
	db, restored := server.Database(t), "byhand_restored"
	server.Exec(t, db, "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(60), b VARBINARY(9), KEY by_note (note))",
		"INSERT INTO orders SELECT seq, CONCAT('ünïcode 🐘 ', seq), UNHEX(HEX(seq)) FROM seq_1_to_3000",
		"CREATE VIEW v AS SELECT count(*) AS n FROM orders",
		"CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = coalesce(NEW.note, '-') /* why */")
	dump := func(database string, more ...string) string {
		options := filepath.Join(t.TempDir(), "client.cnf")
		write(t, options, server.OptionFile())
		args := append([]string{"--defaults-file=" + options, "--skip-dump-date", "--hex-blob", database}, more...)
		out, err := exec.CommandContext(t.Context(), server.DumpTool, args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(out), database, "DATABASE")
	}
	t.Cleanup(func() { server.Exec(t, "", "DROP DATABASE IF EXISTS "+restored) })
	folder := t.TempDir()
	p.knows("FOLDER="+folder, "FILE="+backUp(t, mariadbSource(server, db, server.DumpTool), localDrive(folder), "zstd"), "NEW="+restored, "DB="+db, "TABLE=orders")
	write(t, filepath.Join(p.dir, ".my.cnf"), server.OptionFile())
	p.follows("Fetch a copy / From a folder")
	p.follows("See that it is whole")
	p.follows("MySQL and MariaDB / The whole database")
	if want, got := dump(db), dump(restored); want != got {
		t.Errorf("what was restored is another:\n%s\n%s", want, got)
	}
	want := dump(db, "orders")
	server.Exec(t, db, "DELETE FROM orders WHERE id > 10", "ALTER TABLE orders DROP KEY by_note")
	p.follows("MySQL and MariaDB / Some tables")
	if got := dump(db, "orders"); want != got {
		t.Errorf("the table that was restored is another:\n%s\n%s", want, got)
	}
}

func handPostgres(p *person) {
	t := p.t
	server := servers.Postgres(t)
	role, db, restored := server.Role(t), server.Database(t), "byhand_restored"
	server.Exec(t, db, "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, b bytea)",
		"INSERT INTO orders (note, b) SELECT 'ünïcode 🐘 ' || i, decode(md5(i::text), 'hex') FROM generate_series(1, 3000) i",
		"CREATE INDEX by_note ON orders (lower(note))", "CREATE VIEW v AS SELECT count(*) FROM orders", "ALTER TABLE orders OWNER TO "+role)
	dump := func(database string, more ...string) string {
		var lines []string
		for line := range strings.Lines(server.Client(t, "pg_dump", database, nil, more...)) {
			if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	drop := func() { server.Exec(t, "postgres", "DROP DATABASE IF EXISTS "+restored+" WITH (FORCE)") }
	t.Cleanup(drop)
	folder := t.TempDir()
	source := fmt.Sprintf("{provider: postgres, label: shop, host: %s, port: %d, db_name: %s, user: %s, password: '%s'}",
		server.Host, server.Port, db, server.User, strings.ReplaceAll(server.Password, "'", "''"))
	p.knows("FOLDER="+folder, "FILE="+backUp(t, source, localDrive(folder), "zstd"), "NEW="+restored, "DB="+db, "TABLE=orders",
		"PATH="+server.Bin+":"+os.Getenv("PATH"), "PGHOST="+server.Host, "PGPORT="+strconv.Itoa(server.Port), "PGUSER="+server.User, "PGPASSWORD="+server.Password)
	p.follows("Fetch a copy / From a folder")
	p.follows("See that it is whole")
	if out := p.follows("PostgreSQL / Roles"); !slices.Contains(strings.Fields(out), role) {
		t.Errorf("the roles are said to be %q, without %q", out, role)
	}
	want := dump(db)
	p.follows("PostgreSQL / The whole database")
	if got := dump(restored); want != got {
		t.Errorf("what was restored is another:\n%s\n%s", want, got)
	}
	want = dump(db, "--table=orders")
	server.Exec(t, db, "DROP TABLE orders CASCADE")
	p.follows("PostgreSQL / Some tables")
	if got := dump(db, "--table=orders"); want != got {
		t.Errorf("the table that was restored is another:\n%s\n%s", want, got)
	}
}

func handSQLite(p *person, packing string) {
	t := p.t
	db, restored, folder := filepath.Join(t.TempDir(), "shop's.db"), "restored.sqlite", t.TempDir()
	script := `PRAGMA journal_mode = WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT); CREATE INDEX by_note ON orders (note);
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) INSERT INTO orders SELECT n, 'ünïcode 🐘 ' || n FROM c;
		CREATE VIEW v AS SELECT count(*) FROM orders; CREATE TABLE others (x)`
	sqlite3(t, db, script)
	want, table := sqlite3(t, db, ".dump"), sqlite3(t, db, ".dump orders")
	p.knows("FOLDER="+folder, "FILE="+backUp(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", db), localDrive(folder), packing),
		"NEW="+restored, "DB="+db, "TABLE=orders")
	p.follows("Fetch a copy / From a folder")
	p.follows("See that it is whole")
	sqlite3(t, db, "DELETE FROM orders WHERE id > 10; CREATE TABLE more (x)")
	p.follows("SQLite / The whole database")
	for _, path := range []string{filepath.Join(p.dir, restored), db} {
		if got := sqlite3(t, path, ".dump"); want != got {
			t.Errorf("%s is another:\n%s\n%s", path, want, got)
		}
	}
	sqlite3(t, db, "DROP TABLE orders")
	p.follows("SQLite / Some tables")
	if got := sqlite3(t, db, ".dump orders"); table != got {
		t.Errorf("the table that was restored is another:\n%s\n%s", table, got)
	}
}

// handEncrypted restores a backup that is encrypted.
func handEncrypted(p *person) {
	t := p.t
	db, want := shopFile(t)
	public, key := keyPair(t)
	l := lockUp(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", db), "{recipients: ["+public+"]}")
	p.knows("FOLDER="+l.folder, "FILE="+l.file, "KEY="+key, "NEW=restored.sqlite", "DB="+db)
	p.follows("Fetch a copy / From a folder")
	p.follows("See that it is whole")
	if out := p.follows("Decrypt"); !strings.Contains(out, "orders: 3000 rows") {
		t.Errorf("it said %s", out)
	}
	p.knows("FILE=" + strings.TrimSuffix(l.file, ".age"))
	p.follows("SQLite / The whole database")
	if got := sqlite3(t, filepath.Join(p.dir, "restored.sqlite"), ".dump"); got != want {
		t.Errorf("what was restored is another:\n%s\n%s", want, got)
	}
}

// handFetches fetches copies from drives that are no folders.
func handFetches(p *person) {
	t := p.t
	s3, ssh, rclone := servers.S3(t), servers.SSH(t), servers.Rclone(t)
	db, cloud := filepath.Join(t.TempDir(), "shop.db"), t.TempDir()
	sqlite3(t, db, "CREATE TABLE orders (x); INSERT INTO orders VALUES (1)")
	remotes := filepath.Join(p.dir, "rclone.conf")
	write(t, remotes, fmt.Sprintf("[cloud]\ntype = alias\nremote = %s\n", cloud))
	drives := fmt.Sprintf(`  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true, prefix: in/a/bucket}
  - {provider: sftp, label: sftp, host: %q, port: %d, user: %q, key_file: %q, folder: %q, host_key: %q}
  - {provider: rclone, label: rclone, remote: "cloud:backups", config_file: %q}
`, s3.Bucket, s3.Region, s3.URL, s3.AccessKey, s3.SecretKey, ssh.Host, ssh.Port, ssh.User, ssh.KeyFile, ssh.Root, ssh.HostKey, remotes)
	file := backUp(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", db), drives, "zstd")
	p.knows("FILE="+file, "PATH="+filepath.Dir(rclone)+":"+os.Getenv("PATH"), "RCLONE_CONFIG="+remotes,
		"BUCKET="+s3.Bucket, "PREFIX=in/a/bucket", "AWS_ACCESS_KEY_ID="+s3.AccessKey, "AWS_SECRET_ACCESS_KEY="+s3.SecretKey,
		"RCLONE_S3_PROVIDER=Other", "RCLONE_S3_ENDPOINT="+s3.URL, "RCLONE_S3_REGION="+s3.Region,
		"SERVER="+ssh.User+"@"+ssh.Host, "FOLDER="+ssh.Root, "REMOTE=cloud:backups")
	for _, place := range []string{"From S3", "From an SFTP server", "From anything that rclone knows"} {
		p.dir = t.TempDir()
		if place == "From an SFTP server" {
			p.signsIn(ssh)
		}
		p.follows("Fetch a copy / " + place)
		p.follows("See that it is whole")
	}
}

// signsIn has sftp find the test's server and key, as a person's own ~/.ssh would.
func (p *person) signsIn(ssh servers.SSHServer) {
	bin := p.t.TempDir()
	known, config := filepath.Join(bin, "known_hosts"), filepath.Join(bin, "config")
	write(p.t, known, ssh.KnownHosts+"\n")
	write(p.t, config, fmt.Sprintf("Port %d\nIdentityFile %q\nUserKnownHostsFile %q\n", ssh.Port, ssh.KeyFile, known))
	wrapper := filepath.Join(bin, "sftp")
	write(p.t, wrapper, fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", needs.Program(p.t, "sftp", "openssh-client"), config))
	if err := os.Chmod(wrapper, 0o700); err != nil {
		p.t.Fatal(err)
	}
	p.knows("PATH=" + bin + ":" + os.Getenv("PATH"))
}

// sqlite3 runs a script in the stock program and returns what it prints.
func sqlite3(t *testing.T, path, script string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sqlite3", "-batch", path, script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
	return string(out)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
