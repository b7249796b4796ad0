package drives

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// farPlaces are drives of every kind that has a client of its own, as a configuration
// has them, and how a file is fetched from each with that client and nothing of ours.
type farPlaces struct {
	config string
	fetch  map[string]func(t *testing.T, key, to string)
}

func newFarPlaces(t *testing.T) farPlaces {
	t.Helper()
	dir := t.TempDir()
	rclone, s3, ssh, dav := servers.Rclone(t), servers.S3(t), servers.SSH(t), servers.WebDAV(t)
	hidden, err := exec.Command(rclone, "obscure", dav.Password).Output()
	must(t, err)
	remotes := filepath.Join(dir, "rclone.conf")
	must(t, os.WriteFile(remotes, []byte(fmt.Sprintf(`[s3]
type = s3
provider = Other
endpoint = %s
access_key_id = %s
secret_access_key = %s
region = %s
[dav]
type = webdav
vendor = other
url = %s
user = %s
pass = %s
`, s3.URL, s3.AccessKey, s3.SecretKey, s3.Region, dav.URL, dav.User, strings.TrimSpace(string(hidden)))), 0o600))
	known := filepath.Join(dir, "known_hosts")
	must(t, os.WriteFile(known, []byte(ssh.KnownHosts+"\n"), 0o600))
	viaRclone := func(remote string) func(t *testing.T, key, to string) {
		return func(t *testing.T, key, to string) {
			command(t, nil, rclone, "--config", remotes, "copyto", remote+key, to)
		}
	}
	p := farPlaces{fetch: map[string]func(t *testing.T, key, to string){
		"s3":     viaRclone("s3:" + s3.Bucket + "/in/a/bucket/"),
		"webdav": viaRclone("dav:plain/"),
		"rclone": viaRclone("dav:by rclone/"),
		"sftp": func(t *testing.T, key, to string) {
			batch := fmt.Sprintf("get %q %q\n", filepath.Join(ssh.Root, key), to)
			command(t, strings.NewReader(batch), needs.Program(t, "sftp", "openssh-client"), "-b", "-", "-i", ssh.KeyFile,
				"-o", "UserKnownHostsFile="+known, "-P", strconv.Itoa(ssh.Port), ssh.User+"@"+ssh.Host)
		},
	}}
	p.config = fmt.Sprintf(`drives:
  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true, prefix: in/a/bucket}
  - {provider: sftp, label: sftp, host: %q, port: %d, user: %q, key_file: %q, folder: %q, host_key: %q}
  - {provider: webdav, label: webdav, url: %q, user: %q, password: %q}
  - {provider: rclone, label: rclone, remote: "dav:by rclone", config_file: %q}
`, s3.Bucket, s3.Region, s3.URL, s3.AccessKey, s3.SecretKey, ssh.Host, ssh.Port, ssh.User, ssh.KeyFile, ssh.Root, ssh.HostKey,
		dav.URL+"plain", dav.User, dav.Password, remotes)
	return p
}

func command(t *testing.T, in io.Reader, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = in
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// shown is a backup as the API tells it.
type shown struct {
	ID         string `json:"Id"`
	Status     string
	Error      string
	DumpPath   *string
	DriveFiles []struct {
		Label, Provider, Status string
		Path                    *string
	}
}

func TestCopiesRestoreByHandAfterADownloadWithTheProvidersClient(t *testing.T) {
	t.Parallel()
	places := newFarPlaces(t)
	maria, postgres := servers.MariaDB(t), servers.Postgres(t)
	mariaDB, postgresDB := maria.Database(t), postgres.Database(t)
	const rows = 5000
	maria.Exec(t, mariaDB, "CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(60))",
		fmt.Sprintf("INSERT INTO orders SELECT seq, CONCAT('ünïcode ', seq) FROM seq_1_to_%d", rows))
	postgres.Exec(t, postgresDB, "CREATE TABLE orders (id int PRIMARY KEY, note text)",
		fmt.Sprintf("INSERT INTO orders SELECT i, 'ünïcode ' || i FROM generate_series(1, %d) i", rows))
	dir := t.TempDir()
	wiki := filepath.Join(dir, "wiki.db")
	sqlite := needs.Program(t, "sqlite3", "sqlite3")
	command(t, strings.NewReader(fmt.Sprintf("CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) INSERT INTO orders SELECT i, 'ünïcode ' || i FROM n;", rows)), sqlite, wiki)
	config := program.WriteConfig(t, dir, fmt.Sprintf(`data_sources:
  - {provider: mysql, label: shop, host: %q, port: %d, db_name: %q, user: %q, password: '%s'}
  - {provider: postgres, label: billing, host: %q, port: %d, db_name: %q, user: %q, password: '%s'}
  - {provider: sqlite, label: wiki, db_path: %q}
`, maria.Host, maria.Port, mariaDB, maria.User, strings.ReplaceAll(maria.Password, "'", "''"),
		postgres.Host, postgres.Port, postgresDB, postgres.User, strings.ReplaceAll(postgres.Password, "'", "''"), wiki)+places.config)
	zstd := needs.Program(t, "zstd", "zstd")
	for label, restored := range map[string]func(t *testing.T, dump string) string{
		"shop": func(t *testing.T, dump string) string {
			into := maria.Database(t)
			maria.Client(t, into, strings.NewReader(dump))
			return maria.Client(t, into, nil, "-N", "-e", "SELECT CONCAT(COUNT(*), ' ', MAX(note)) FROM orders")
		},
		"billing": func(t *testing.T, dump string) string {
			into := postgres.Database(t)
			postgres.Client(t, "pg_restore", into, strings.NewReader(dump), "-d", into)
			return postgres.Query(t, into, "SELECT COUNT(*) || ' ' || MAX(note COLLATE \"C\") FROM orders")
		},
		"wiki": func(t *testing.T, dump string) string {
			path := filepath.Join(t.TempDir(), "restored.db")
			must(t, os.WriteFile(path, []byte(dump), 0o600))
			out, err := exec.Command(sqlite, path, "SELECT COUNT(*) || ' ' || MAX(note) FROM orders").CombinedOutput()
			must(t, err)
			return string(out)
		},
	} {
		t.Run(label, func(t *testing.T) {
			r := program.Run(t, "-c", config, "--data", filepath.Join(dir, "data-"+label), "--json", "run", label, "--wait")
			var b shown
			if err := json.Unmarshal([]byte(r.Out), &b); err != nil || r.Code != 0 || b.Status != "finished" || len(b.DriveFiles) != len(places.fetch) {
				t.Fatalf("run: status %d, %v: %s%s", r.Code, err, r.Out, r.Err)
			}
			for _, f := range b.DriveFiles {
				t.Run(f.Provider, func(t *testing.T) {
					to := filepath.Join(t.TempDir(), "copy.zst")
					places.fetch[f.Provider](t, label+"/"+f.Label, to)
					dump, err := exec.Command(zstd, "-dc", to).Output()
					must(t, err)
					want := fmt.Sprintf("%d ünïcode %d", rows, rows-1)
					if got := strings.TrimSpace(restored(t, string(dump))); got != want && got != fmt.Sprintf("%d ünïcode 999", rows) {
						t.Errorf("restored %q, want %q", got, want)
					}
				})
			}
		})
	}
}

// One drive that takes nothing holds neither the others nor the database.
func TestAStalledDriveHoldsNobodyElse(t *testing.T) {
	t.Parallel()
	maria, s3, ssh := servers.MariaDB(t), servers.S3(t), servers.SSH(t)
	db := maria.Database(t)
	maria.Exec(t, db, "CREATE TABLE events (id INT PRIMARY KEY, token CHAR(40))", "INSERT INTO events SELECT seq, SHA1(seq) FROM seq_1_to_200000")
	account := maria.Account(t, fmt.Sprintf("ALL PRIVILEGES ON `%s`.*", db), "RELOAD, PROCESS ON *.*")
	proxy := servers.TCPProxy(t, net.JoinHostPort(ssh.Host, strconv.Itoa(ssh.Port)))
	host, port, err := net.SplitHostPort(proxy.Address)
	must(t, err)
	proxy.Stall()
	dir := t.TempDir()
	config := program.WriteConfig(t, dir, fmt.Sprintf(`data_sources:
  - {provider: mysql, label: shop, host: %q, port: %d, db_name: %q, user: %q, password: '%s'}
drives:
  - {provider: local, label: here, folder: %q}
  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true}
  - {provider: sftp, label: stalled, host: %q, port: %s, user: %q, key_file: %q, folder: %q, host_key: %q}
`, maria.Host, maria.Port, db, account, strings.ReplaceAll(maria.Password, "'", "''"), filepath.Join(dir, "here"),
		s3.Bucket, s3.Region, s3.URL, s3.AccessKey, s3.SecretKey, host, port, ssh.User, ssh.KeyFile, ssh.Root, ssh.HostKey))
	server := program.Serve(t, "-c", config, "--data", filepath.Join(dir, "data"), "serve", "--listen", "127.0.0.1:0")
	started := ask(t, http.MethodPost, server.URL+"/api/backups", `{"Job":"shop"}`)
	var ids struct {
		Results []struct {
			ID string `json:"Id"`
		}
	}
	must(t, json.Unmarshal(started, &ids))
	look := func() (b shown) {
		must(t, json.Unmarshal(ask(t, http.MethodGet, server.URL+"/api/backups/"+ids.Results[0].ID, ""), &b))
		return b
	}
	program.Eventually(t, time.Minute, func(context.Context) error {
		b := look()
		if b.Status != "pending" {
			t.Fatalf("the backup has settled: %+v", b)
		}
		for _, f := range b.DriveFiles {
			if (f.Provider == "sftp") == (f.Status == "finished") {
				return fmt.Errorf("the copy on %s is %s", f.Provider, f.Status)
			}
		}
		return nil
	})
	program.Eventually(t, time.Minute, func(context.Context) error { // the server sees a little later that they were closed
		if open := maria.Client(t, "", nil, "-N", "-e", fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '%s'", account)); strings.TrimSpace(open) != "0" {
			return fmt.Errorf("%s connections to the database are still open", strings.TrimSpace(open))
		}
		return nil
	})
	proxy.Pass(t)
	program.Eventually(t, 3*time.Minute, func(context.Context) error {
		if b := look(); b.Status != "finished" {
			return fmt.Errorf("%s: %s", b.Status, b.Error)
		}
		return nil
	})
}

func ask(t *testing.T, method, url, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	must(t, err)
	if res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s: %s", method, url, res.Status, answer)
	}
	return answer
}
