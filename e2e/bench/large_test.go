package bench

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// installation is a large one that is served, and its owner.
type installation struct {
	server *program.Server
	who    *program.Person
	// jobOnDrive is the list of the backups of one job that are on one drive.
	jobOnDrive string
}

// largeInstallation serves what many jobs have made over more than a year, with the metadata on a
// server, or in SQLite where that is nil.
func largeInstallation(b *testing.B, maria *servers.MySQL) *installation {
	b.Helper()
	dir := b.TempDir()
	data, text := filepath.Join(dir, "data"), "accounts: {enabled: true}\n"+largePlan(dir)
	var name string
	if maria != nil {
		name = maria.Database(b)
		text += fmt.Sprintf("database: {provider: mysql, host: %q, port: %d, db_name: %q, user: %q, password: %q}\n", maria.Host, maria.Port, name, maria.User, maria.Password)
	}
	config := program.WriteConfig(b, dir, text)
	if r := program.Run(b, "-c", config, "--data", data, "jobs"); r.Code != 0 {
		b.Fatal(r.Err)
	}
	program.Run(b, "-c", config, "--data", data, "doctor") // writes the plan down; that no database is there does not matter
	db, speak := onMariaDB(b, maria, name)
	if maria == nil {
		db, speak = onSQLite(b, filepath.Join(data, "backupman.db"))
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	fillLarge(b, db, speak)
	var job, drive string
	if err := db.QueryRow("SELECT (SELECT MIN(id) FROM jobs), (SELECT MIN(id) FROM drives)").Scan(&job, &drive); err != nil {
		b.Fatal(err)
	}
	server := program.Serve(b, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0")
	who := program.Claim(b, server, data)
	who.HTTP.Transport = &http.Transport{MaxIdleConnsPerHost: openPages, DisableCompression: true}
	return &installation{server: server, who: who, jobOnDrive: "/backups?job=" + job + "&drive=" + drive}
}

func largePlan(dir string) string {
	var plan strings.Builder
	plan.WriteString("data_sources:\n")
	for n := range pageSources {
		fmt.Fprintf(&plan, "  - {provider: sqlite, label: db-%02d, db_path: %q}\n", n, filepath.Join(dir, fmt.Sprintf("db-%02d.db", n)))
	}
	plan.WriteString("drives:\n")
	for n := range pageDrives {
		fmt.Fprintf(&plan, "  - {provider: local, label: drive-%d, folder: %q}\n", n, filepath.Join(dir, fmt.Sprintf("drive-%d", n)))
	}
	plan.WriteString("jobs:\n")
	for n := range pageJobs {
		fmt.Fprintf(&plan, "  - {label: job-%03d, data_source: db-%02d, cron: \"%d 3 * * *\"}\n", n, n%pageSources, n%60)
	}
	return plan.String()
}

// pageBackup is the id of the n-th backup, from 1.
func pageBackup(n int) string { return fmt.Sprintf("0197c9a4-%04x-7000-8000-%012x", n>>16, n) }

// dialect is how a database says what filling takes.
type dialect struct {
	// before and after are statements around everything.
	before, after []string
	// moment is a time from seconds, id that of the backup of a number, and zeros 64 zeros.
	moment func(seconds string) string
	id     func(n string) string
	zeros  string
	concat func(parts ...string) string
	quote  string
}

func onSQLite(b *testing.B, path string) (*sql.DB, dialect) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	return db, dialect{
		after: []string{"ANALYZE"},
		moment: func(seconds string) string {
			return "strftime('%Y-%m-%d %H:%M:%S+00:00', " + seconds + ", 'unixepoch')"
		},
		id:     func(n string) string { return "printf('0197c9a4-%04x-7000-8000-%012x', " + n + " >> 16, " + n + ")" },
		zeros:  "hex(zeroblob(32))",
		concat: func(parts ...string) string { return strings.Join(parts, " || ") },
		quote:  `"`,
	}
}

func onMariaDB(b *testing.B, maria *servers.MySQL, name string) (*sql.DB, dialect) {
	b.Helper()
	if maria == nil {
		return nil, dialect{}
	}
	return maria.DB(b, name), dialect{
		before: []string{"SET SESSION time_zone = '+00:00', max_recursive_iterations = 1000000"},
		after:  []string{"ANALYZE TABLE backups, drive_files, jobs, drives"},
		moment: func(seconds string) string { return "FROM_UNIXTIME(" + seconds + ")" },
		id: func(n string) string {
			return "LOWER(CONCAT('0197c9a4-', LPAD(HEX(" + n + " >> 16), 4, '0'), '-7000-8000-', LPAD(HEX(" + n + "), 12, '0')))"
		},
		zeros:  "REPEAT('0', 64)",
		concat: func(parts ...string) string { return "CONCAT(" + strings.Join(parts, ", ") + ")" },
		quote:  "`",
	}
}

// otherRunner is a server elsewhere that makes what runs.
const otherRunner = "0197c9a4-0000-7000-8000-00000000ffff"

// fillLarge makes the past of a large installation: one backup of each job a day, of which
// one in fifty failed and one in seven is proven, and a few that another server is making now.
func fillLarge(b *testing.B, db *sql.DB, d dialect) {
	b.Helper()
	now, later := d.moment(fmt.Sprint(time.Now().Unix())), d.moment(fmt.Sprint(time.Now().Add(time.Hour).Unix()))
	seconds := fmt.Sprintf("%d - FLOOR((%d - c.n) / %d) * 86400 - ((%d - c.n) %% %d) * 60", time.Now().Unix(), manyBackups, pageJobs, manyBackups, pageJobs)
	at, ended := d.moment(seconds), d.moment(seconds+" + c.n % 90")
	slot, file := d.concat("'slot'", "c.n"), d.concat("j.label", "'-'", "c.n", "'.sqlite.zst'")
	numbered := "(SELECT id, label, source_id, row_number() OVER (ORDER BY label) - 1 AS n FROM jobs) j"
	copies := d.concat("substr(b.id, 1, 14)", "d.copy", "substr(b.id, 16)")
	statements := append(d.before,
		fmt.Sprintf(`INSERT INTO backups (id, job_id, label, source_id, slot, @trigger@, attempt, status, phase, compression, file_name, raw_size, size, sha256, lease_owner, error, warnings, created_at, started_at, dumped_at, settled_at, proven_at, proof_level)
			WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d)
			SELECT %s, j.id, j.label, j.source_id, %s, 'schedule', 1, CASE WHEN c.n %% 51 = 0 THEN 'failed' ELSE 'finished' END, 'verifying', 'zstd',
				%s, 1000000 + c.n, 100000 + c.n, %s, '', CASE WHEN c.n %% 51 = 0 THEN 'the server does not answer' ELSE '' END, '', %s, %s, %s, %s,
				CASE WHEN c.n %% 7 = 0 AND c.n %% 51 <> 0 THEN %s END, CASE WHEN c.n %% 7 = 0 AND c.n %% 51 <> 0 THEN 'equals' ELSE '' END
			FROM c JOIN %s ON j.n = c.n %% %d`, manyBackups, d.id("c.n"), slot, file, d.zeros, at, at, ended, ended, ended, numbered, pageJobs),
		`INSERT INTO drive_files (id, backup_id, drive_id, provider, label, @key@, path, status, error, size, created_at)
			SELECT `+copies+`, b.id, d.id, 'local', b.file_name, `+d.concat("b.label", "'/'", "b.file_name")+`, `+d.concat("'/nas/'", "b.file_name")+`, b.status, '', b.size, b.created_at
			FROM backups b, (SELECT id, row_number() OVER (ORDER BY label) AS copy FROM drives) d`,
		fmt.Sprintf(`INSERT INTO runners (id, host, pid, node, serves, started_at, seen_at) VALUES ('%s', 'elsewhere', 1, '%s', 1, %s, %s)`, otherRunner, otherRunner, now, later),
		fmt.Sprintf(`INSERT INTO backups (id, job_id, label, source_id, slot, @trigger@, attempt, status, phase, compression, file_name, raw_size, size, sha256, lease_owner, lease_until, error, warnings, created_at, started_at)
			WITH RECURSIVE c(n) AS (SELECT %d UNION ALL SELECT n + 1 FROM c WHERE n < %d)
			SELECT %s, j.id, j.label, j.source_id, %s, 'page', 1, 'pending', 'dumping', 'zstd', %s, 500000, 50000, '', '%s', %s, '', '', %s, %s
			FROM c JOIN %s ON j.n = c.n - %d`, manyBackups+1, manyBackups+runningBackups, d.id("c.n"), slot, file, otherRunner, later, now, now, numbered, manyBackups+1),
		`INSERT INTO drive_files (id, backup_id, drive_id, provider, label, @key@, status, error, size, created_at)
			SELECT `+copies+`, b.id, d.id, 'local', b.file_name, `+d.concat("b.label", "'/'", "b.file_name")+`, 'pending', '', 1000, b.created_at
			FROM backups b, (SELECT id, row_number() OVER (ORDER BY label) AS copy FROM drives) d WHERE b.status = 'pending'`)
	for _, statement := range append(statements, d.after...) {
		if _, err := db.Exec(strings.ReplaceAll(statement, "@", d.quote)); err != nil {
			b.Fatalf("%v in %s", err, statement)
		}
	}
}
