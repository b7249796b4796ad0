package trust

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// house is an installation in which every field that may hold a secret holds one that
// nothing else on the machine holds.
type house struct {
	dir, data, config string
	disk              string
	s3                servers.S3Server
	postgres          *servers.PostgreSQL
	maria             *servers.MySQL
	sourceDB          string
	// secrets are by what each is. They are learned while watchers look for them: mu guards
	// changes, and what watchers read.
	mu      sync.Mutex
	secrets map[string]string
	// said is everything that the program printed.
	said bytes.Buffer
}

// canary makes up a secret. It has nothing that YAML, SQL or a shell would change.
func (h *house) canary(what string) string {
	text := "canary-" + strings.ReplaceAll(what, " ", "-") + "-7f3c9e"
	h.learn(what, text)
	return text
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{dir: t.TempDir(), secrets: map[string]string{}, s3: servers.S3(t), postgres: servers.Postgres(t), maria: servers.MariaDB(t)}
	h.data, h.disk = filepath.Join(h.dir, "data"), filepath.Join(h.dir, "disk")
	h.sourceDB = h.maria.Database(t)
	h.maria.Exec(t, h.sourceDB, "CREATE TABLE orders (id INT PRIMARY KEY, note TEXT)", "INSERT INTO orders SELECT seq, SHA2(seq, 256) FROM seq_1_to_20000",
		fmt.Sprintf("CREATE OR REPLACE USER reader@'%%' IDENTIFIED BY '%s'", h.canary("password of MariaDB")),
		"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, PROCESS, RELOAD ON *.* TO reader@'%'",
		fmt.Sprintf("CREATE OR REPLACE USER writer@'%%' IDENTIFIED BY '%s'", h.canary("restore password of MariaDB")),
		"GRANT ALL ON *.* TO writer@'%'",
		fmt.Sprintf("CREATE OR REPLACE USER typist@'%%' IDENTIFIED BY '%s'", h.canary("password of MariaDB that is typed")),
		"GRANT ALL ON *.* TO typist@'%'")
	billing := h.postgres.Database(t)
	h.postgres.Exec(t, billing, "CREATE TABLE bills (id int PRIMARY KEY, note text)", "INSERT INTO bills SELECT i, md5(i::text) FROM generate_series(1, 20000) i",
		fmt.Sprintf("DROP ROLE IF EXISTS reader_%s", "canary"), fmt.Sprintf("CREATE ROLE reader_canary LOGIN SUPERUSER PASSWORD '%s'", h.canary("password of PostgreSQL")))
	dav, ssh := servers.WebDAV(t), servers.SSH(t)
	h.secrets["password of WebDAV"], h.secrets["secret key of S3"] = dav.Password, h.s3.SecretKey
	identity := filepath.Join(h.dir, "identity.txt")
	recipient := keygen(t, identity)
	text, err := os.ReadFile(identity)
	must(t, err)
	h.secrets["private key of age"] = strings.TrimSpace(string(text[bytes.Index(text, []byte("AGE-SECRET-KEY")):]))
	h.config = program.WriteConfig(t, h.dir, fmt.Sprintf(`accounts: {enabled: true}
http: {api_keys: [%q], signing_key: %q}
oidc: {name: Company, issuer: "http://127.0.0.1:1", client_id: backupman, client_secret: %q}
data_sources:
  - {provider: mysql, label: shop, host: %q, port: %d, db_name: %q, user: reader, password: %q, restore_user: writer, restore_password: %q}
  - {provider: mysql, label: wrong, host: %q, port: %d, db_name: %q, user: reader, password: %q}
  - {provider: postgres, label: billing, host: %q, port: %d, db_name: %q, user: reader_canary, password: "${secret:billing}"}
drives:
  - {provider: local, label: disk, folder: %q}
  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true}
  - {provider: s3, label: s3-wrong, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true}
  - {provider: webdav, label: dav, url: %q, user: %q, password: %q}
  - {provider: sftp, label: ssh-wrong, host: %q, port: %d, user: %q, password: %q, folder: %q, host_key: %q}
jobs:
  - {label: shop, data_source: shop, drives: [disk, s3, dav], drill: {after_backup: true}}
  - {label: shop-wrong-drives, data_source: shop, drives: [disk, s3-wrong, ssh-wrong]}
  - {label: wrong, data_source: wrong, drives: [disk]}
  - {label: billing, data_source: billing, drives: [disk, s3], encryption: {passphrase: %q}, drill: {after_backup: true}}
  - {label: shop-keys, data_source: shop, drives: [disk, s3], encryption: {recipients: [%q], identity_file: %q}, drill: {after_backup: true}}
`, h.canary("API key of the configuration"), h.canary("signing key of links, long enough"), h.canary("client secret of OIDC"),
		h.maria.Host, h.maria.Port, h.sourceDB, h.secrets["password of MariaDB"], h.secrets["restore password of MariaDB"],
		h.maria.Host, h.maria.Port, h.sourceDB, h.canary("wrong password of MariaDB"),
		h.postgres.Host, h.postgres.Port, billing, h.disk,
		h.s3.Bucket, h.s3.Region, h.s3.URL, h.s3.AccessKey, h.s3.SecretKey,
		h.s3.Bucket, h.s3.Region, h.s3.URL, h.s3.AccessKey, h.canary("wrong secret key of S3"),
		dav.URL, dav.User, dav.Password, ssh.Host, ssh.Port, ssh.User, h.canary("password of SFTP"), ssh.Root, ssh.HostKey,
		h.canary("passphrase of encryption"), recipient, identity))
	return h
}

// keygen makes a key with stock age, writes it into a file and returns the public part.
func keygen(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), needs.Program(t, "age-keygen", "age"), "-o", path).CombinedOutput()
	if err != nil {
		t.Fatalf("age-keygen: %v: %s", err, out)
	}
	_, public, _ := strings.Cut(string(out), "Public key: ")
	return strings.TrimSpace(public)
}

// run runs a command, with something to read, and keeps what it says.
func (h *house) run(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program.Path(t), append([]string{"-c", h.config, "--data", h.data}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := watch(t, cmd.Process.Pid, h.known)
	err := cmd.Wait()
	w.report(t)
	h.said.Write(append(out.Bytes(), errOut.Bytes()...))
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		t.Fatalf("%v: %v", args, err)
	}
	return out.String() + errOut.String()
}

// TestNoSecretIsSeenAnywhere makes backups of which some fail, drills, restores, exports
// and looks at everything, while somebody looks at the arguments and environments of all
// processes, and then searches for each secret in everything that was said and written.
func TestNoSecretIsSeenAnywhere(t *testing.T) {
	h := newHouse(t)
	h.run(t, h.canaryOf("password of PostgreSQL"), "secret", "set", "billing")
	server := program.Serve(t, "-c", h.config, "--data", h.data, "serve", "--listen", "127.0.0.1:0")
	h.learn("password of an owner", program.OwnerPassword)
	w := watch(t, server.Process.Pid, h.known)
	link := program.ClaimPath(t, h.data)
	owner := program.Claim(t, server, h.data)
	_, token, _ := strings.Cut(link, "token=")
	h.learn("token of the claim, used", token)
	jobs := h.takeKits(t, owner)
	said := map[string]program.Answer{}
	p := h.setUp(t, owner, said)
	jobs[p.job] = p.jobID
	for _, label := range slices.Sorted(maps.Keys(jobs)) {
		said["run "+label] = owner.Post(t, "/jobs/"+jobs[label]+"/run", nil)
	}
	all := h.settled(t, owner)
	for _, b := range all {
		want := "finished"
		if b.Label == "wrong" || b.Label == "shop-wrong-drives" || b.Label == "typed wrong" {
			want = "failed"
		}
		if b.Status != want {
			t.Errorf("the backup of %s %s: %s", b.Label, b.Status, owner.Get(t, "/backups/"+b.ID).Body)
		}
	}
	h.restoreAll(t, owner, all, said)
	said["key"] = program.Answer{} // the key itself is shown once, and is looked for from then on
	key := owner.Do(t, http.MethodPost, "/api/keys", http.Header{"Content-Type": {"application/json"}}, []byte(`{"Name": "monitor", "Scopes": ["read"]}`))
	var made struct{ Key string }
	must(t, json.Unmarshal(key.Body, &made))
	if made.Key == "" {
		t.Fatalf("no key was made: %d %s", key.Status, key.Body)
	}
	h.learn("API key", made.Key)
	program.NewPerson(t, server.URL).Do(t, http.MethodGet, "/api/backups", http.Header{"X-Api-Key": {made.Key}}, nil)
	p.settled(t, owner)
	maps.Copy(said, owner.Crawl(t, append(p.pages, "/", "/backups", "/restores", "/drives", "/account", "/settings/users", "/settings/keys", "/settings/secrets", "/settings/audit",
		"/api/backups", "/api/jobs", "/api/drives", "/api/restores", "/api/drills", "/api/alarms", "/api/users", "/api/keys", "/api/secrets", "/api/audit", "/api/audit?Format=csv")...))
	for _, u := range owner.HTTP.Jar.Cookies(parsed(t, server.URL)) {
		h.learn("cookie "+u.Name, u.Value)
	}
	if programs := w.report(t); !slices.Contains(programs, "mariadb-dump") && !slices.Contains(programs, "mysqldump") || !slices.Contains(programs, "pg_dump") {
		t.Errorf("the watch saw no dump tools, so it proves nothing: %v", programs)
	}
	for _, command := range [][]string{{"config", "check"}, {"config", "plan"}, {"config", "export"}, {"doctor"}, {"drives", "check"}, {"list"}, {"show", "latest"}, {"jobs"},
		{"audit", "--jsonl"}, {"user", "list"}, {"apikey", "list"}, {"secret", "list"}, {"kit", "billing"}, {"--json", "list"}, {"drill", "latest"}} {
		h.run(t, "", command...)
	}
	server.Stop(t)
	// The claim link is printed for the one who starts the server, and has been used.
	h.search(t, "what the server printed", claimLine.ReplaceAll([]byte(server.Log()), nil))
	h.search(t, "what commands printed", h.said.Bytes())
	for path, answer := range said {
		h.search(t, path, answer.Body)
	}
	h.search(t, "what a webhook was told", p.told())
	h.searchFiles(t, all)
}

func (h *house) canaryOf(what string) string { return h.secrets[what] }

// learn adds a secret to those that are looked for.
func (h *house) learn(what, secret string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets[what] = secret
}

// known returns a copy of the secrets that are looked for now.
func (h *house) known() map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.secrets)
}

var claimLine = regexp.MustCompile(`(?m)^Claim this installation: .*$`)

type shown struct {
	ID, Label, Status string
}

// takeKits takes the recovery kits that encrypted jobs need, and returns the jobs' ids.
func (h *house) takeKits(t *testing.T, owner *program.Person) map[string]string {
	t.Helper()
	var answer struct {
		Results []struct {
			ID    string `json:"Id"`
			Label string
		}
	}
	must(t, json.Unmarshal(owner.Get(t, "/api/jobs").Body, &answer))
	jobs := map[string]string{}
	for _, j := range answer.Results {
		jobs[j.Label] = j.ID
	}
	for _, label := range []string{"billing", "shop-keys"} {
		kit := owner.Post(t, "/jobs/"+jobs[label]+"/kit", nil)
		if kit.Status != http.StatusOK {
			t.Fatalf("the kit of %s answered %d: %s", label, kit.Status, kit.Body)
		}
		h.search(t, "the kit of "+label, kit.Body)
	}
	return jobs
}

// settled waits until nothing runs and returns the backups.
func (h *house) settled(t *testing.T, owner *program.Person) []shown {
	t.Helper()
	var all []shown
	program.Eventually(t, 3*time.Minute, func(context.Context) error {
		var answer struct {
			Results []struct {
				ID     string `json:"Id"`
				Label  string
				Status string
			}
		}
		if err := json.Unmarshal(owner.Get(t, "/api/backups").Body, &answer); err != nil {
			return err
		}
		all = all[:0]
		for _, b := range answer.Results {
			if b.Status == "pending" {
				return fmt.Errorf("%s is pending", b.Label)
			}
			all = append(all, shown{b.ID, b.Label, b.Status})
		}
		drills := owner.Get(t, "/api/drills").Body
		if bytes.Contains(drills, []byte(`"pending"`)) || bytes.Contains(drills, []byte(`"Outcome":null`)) {
			return errors.New("a drill runs")
		}
		return nil
	})
	return all
}

// restoreAll restores each finished backup into a new database, and waits.
func (h *house) restoreAll(t *testing.T, owner *program.Person, all []shown, said map[string]program.Answer) {
	t.Helper()
	for n, b := range all {
		if b.Status != "finished" {
			continue
		}
		name := fmt.Sprintf("canary_restored_%d", n)
		body := fmt.Sprintf(`{"Target": {"Kind": "new", "Name": %q}, "Confirm": %q}`, name, name)
		answer := owner.Do(t, http.MethodPost, "/api/backups/"+b.ID+"/restore", http.Header{"Content-Type": {"application/json"}}, []byte(body))
		if answer.Status >= 300 {
			t.Errorf("restoring %s answered %d: %s", b.Label, answer.Status, answer.Body)
		}
		said["restore "+b.Label] = answer
	}
	program.Eventually(t, 2*time.Minute, func(context.Context) error {
		said["restores"] = owner.Get(t, "/api/restores")
		if bytes.Contains(said["restores"].Body, []byte(`"pending"`)) {
			return errors.New("a restore runs")
		}
		return nil
	})
	if bytes.Contains(said["restores"].Body, []byte(`"failed"`)) {
		t.Errorf("a restore failed: %s", said["restores"].Body)
	}
}

// search fails for each secret in a text.
func (h *house) search(t *testing.T, where string, text []byte) {
	t.Helper()
	for what, secret := range h.secrets {
		if i := bytes.Index(text, []byte(secret)); i >= 0 {
			t.Errorf("the %s is in %s: …%s…", what, where, text[max(0, i-60):min(len(text), i+20)])
		}
		if escaped := url.QueryEscape(secret); escaped != secret && bytes.Contains(text, []byte(escaped)) {
			t.Errorf("the %s is in %s, escaped", what, where)
		}
	}
}

// searchFiles looks through the data folder, the metadata database in it, and what was
// stored on drives but the dumps.
func (h *house) searchFiles(t *testing.T, all []shown) {
	t.Helper()
	// The key that seals the secrets, and the one that signs links, are what they are.
	keys := []string{"secrets.key", "signing.key"}
	for _, name := range keys {
		info, err := os.Stat(filepath.Join(h.data, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %s", name, info.Mode())
		}
	}
	for _, root := range []string{h.data, h.disk} {
		must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() || slices.Contains(keys, e.Name()) {
				return err
			}
			text, err := os.ReadFile(path)
			h.search(t, path, text)
			return err
		}))
	}
	manifests := 0
	for _, name := range h.s3.Names(t) {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		manifests++
		object, err := h.s3.Client(t).GetObject(t.Context(), h.s3.Bucket, name, minio.GetObjectOptions{})
		must(t, err)
		var text bytes.Buffer
		_, err = text.ReadFrom(object)
		must(t, err)
		h.search(t, name, text.Bytes())
	}
	if manifests == 0 {
		t.Errorf("no manifest was looked at, of %v", all)
	}
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	return u
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
