package config_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/services/config"
)

// base is a valid file whose lines the mistakes below replace or follow.
const base = `version: 1
data: ./data
database:
  provider: mysql
  db_name: records
  user: records
  password: TOPSECRET1
data_sources:
  - label: shop
    provider: mysql
    port: 3306
    db_name: shop
    user: backup
    password: TOPSECRET2
drives:
  - label: nas
    provider: local
    folder: /mnt/nas
  - label: offsite
    provider: s3
    bucket: b
    secret_key: TOPSECRET3
http:
  listen: 127.0.0.1:8080
  api_keys:
    - TOPSECRET4
  backup_job:
    enabled: true
    cron: "0 3 * * *"
retention:
  enabled: true
  by: age
  value: 30
notifiers:
  mail:
    enabled: true
    smtp_host: m
    smtp_port: 25
    smtp_password: TOPSECRET5
    destinations:
      - email: ops@example.com
  webhook:
    enabled: true
    endpoints:
      - url: https://example.com/TOPSECRET6
        token: TOPSECRET7
jobs:
  - label: nightly
    data_source: shop
    drives: [nas]
    cron: "0 3 * * *"
    timezone: Europe/Paris
    compression: zstd
    retention:
      daily: 7
    drill:
      after_backup: true
`

// A mistake replaces one line of base.
type mistake struct {
	old, new string
	// offset is how many lines below the replaced one it is reported.
	offset int
	want   string
}

var mistakes = []mistake{
	{"version: 1", "version: 2", 0, "version 2 is not one"},
	{"version: 1", "version: one", 0, `version must be a whole number, not "one"`},
	{"data: ./data", "data: [a]", 0, "data must be one value, not a list"},
	{"data: ./data", "scratch_folder: [a]", 0, "scratch_folder must be one value, not a list"},
	{"data: ./data", "date: ./data", 0, "date is not a key that is known here: did you mean data?"},
	{"data: ./data", "data: ./data\ndata: twice", 1, "data is written twice, first on line 2"},
	{"data: ./data", "data: ${NOT_SET}", 0, "environment variable NOT_SET, which is not set"},
	{"data: ./data", "data: ${oops", 0, "a ${ that names no variable"},
	{"data: ./data", "data: ${}", 0, "a ${ that names no variable"},
	{"data: ./data", `data: "a\0b"`, 0, "NUL"},
	{"data: ./data", "[a, b]: c", 0, "a key that is not text"},
	{"  provider: mysql", "  provider: postgres", 0, "use sqlite or mysql"},
	{"  provider: mysql", "  provider: memory", 0, "use sqlite"},
	{"  provider: mysql", "  provider: oracle", 0, `no database.provider "oracle"`},
	{"  db_name: records", "  db_nam: records", 0, "database.db_nam is not a key that is known here: did you mean db_name?"},
	{"  user: records", "  user: records\n  port: 70000", 1, "database.port must be from 1 to 65535"},
	{"  user: records", "  user: records\n  tls: maybe", 1, `database.tls must be true or false, not "maybe"`},
	{"  password: TOPSECRET1", "  password: [TOPSECRET1]", 0, "database.password must be one value"},
	{"  password: TOPSECRET1", "  password: TOPSECRET1\n  password_file: x", 1, "are both there"},
	{"  password: TOPSECRET1", "  password_file: not/there", 0, "cannot be read: no such file or directory"},
	{"  - label: shop", "  - label: shop\n    lable: shop", 1, `the data source "shop": lable is not a key that is known here: did you mean label?`},
	{"  - label: shop", "  - label: \"sh\\top\"", 0, "data source 1: label holds a control character"},
	{"  - label: shop", "  - label: \" shop\"", 0, "data source 1: label begins or ends with a space"},
	{"  - label: shop", "  - label: " + strings.Repeat("é", 128), 0, "data source 1: label is 256 bytes long"},
	{"    provider: mysql", "    provider: mysqll", 0, `the data source "shop": there is no provider "mysqll": did you mean mysql?`},
	{"    provider: mysql", "    provider: oracle", 0, "use mysql, postgres or sqlite"},
	{"    port: 3306", "    port: 0", 0, `the data source "shop": port must be from 1 to 65535, not 0`},
	{"    port: 3306", "    port: many", 0, `the data source "shop": port must be a whole number, not "many"`},
	{"    port: 3306", "    tls: true", 0, `the data source "shop": tls is not something`},
	{"    port: 3306", "    engine: native", 0, "use client"},
	{"    port: 3306", "    engine: steam", 0, `must be client or native, not "steam"`},
	{"    password: TOPSECRET2", "    password: {a: TOPSECRET2}", 0, `the data source "shop": password must be one value, not a mapping`},
	{"    password: TOPSECRET2", "    password: ${TOP", 0, `the data source "shop": password has a ${`},
	{"    password: TOPSECRET2", "    \"password:TOPSECRET2\": x", 0, `the data source "shop": password… is not a key that is known here: write a colon and a space`},
	{"  - label: nas", "  - label: nas\n    label: nas2", 1, "label is written twice"},
	{"    folder: /mnt/nas", "    folder: /mnt/nas\n    rate_limit: fast", 1, `the drive "nas": rate_limit must be a rate such as 20MB/s or 512KiB/s, not "fast"`},
	{"    folder: /mnt/nas", "    folder: /mnt/nas\n    rate_limit: 20Mb/s", 1, `the drive "nas": rate_limit must be in bytes, such as 20MB/s with a large B, not "20Mb/s"`},
	{"    folder: /mnt/nas", "    folder: /mnt/nas\n    max_uploads: 0", 1, `the drive "nas": max_uploads must be at least 1, not 0`},
	{"  - label: offsite", "  - label: nas", 0, `the label "nas" is used by two drives, first on line 16`},
	{"    bucket: b", "    bucket: b\n    class: warm", 1, `the drive "offsite": class must be hot or cold, not "warm"`},
	{"    bucket: b", "    bucket: b\n    force_path_style: perhaps", 1, "force_path_style must be true or false"},
	{"  listen: 127.0.0.1:8080", "  listen: 8080", 0, `http.listen must be HOST:PORT, such as 127.0.0.1:8080, not "8080"`},
	{"  listen: 127.0.0.1:8080", "  listen: localhost:99999", 0, "the port goes from 1 to 65535"},
	{"  listen: 127.0.0.1:8080", "  app_url: localhost", 0, "http.app_url must be an address that begins with http://"},
	{"  listen: 127.0.0.1:8080", "  lissten: x", 0, "http.lissten is not a key that is known here: did you mean listen?"},
	{"    - TOPSECRET4", "    - ''", 0, "an element of http.api_keys is empty"},
	{"    cron: \"0 3 * * *\"", "    cron: \"0 25 * * *\"", 0, `http.backup_job.cron: the cron expression "0 25 * * *": the hour field "25"`},
	{"    cron: \"0 3 * * *\"", "    timezone: Mars/Base", 0, `http.backup_job.timezone: there is no time zone "Mars/Base"`},
	{"  by: age", "  by: size", 0, `retention.by must be age, not "size"`},
	{"  value: 30", "  value: 0", 0, "retention.value must be a number of days"},
	{"  value: 30", "  value: -1", 0, "retention.value must be 0 or more"},
	{"    smtp_port: 25", "    smtp_port: 0", 0, "notifiers.mail.smtp_port must be from 1 to 65535"},
	{"      - email: ops@example.com", "      - email: ops", 0, "email must be an address such as"},
	{"      - url: https://example.com/TOPSECRET6", "      - url: ftp://example.com/TOPSECRET6", 0, "url must be an address that begins with http://"},
	{"    data_source: shop", "    data_source: shpo", 0, `the job "nightly": there is no data source "shpo" under data_sources: did you mean "shop"?`},
	{"    drives: [nas]", "    drives: [nas, nase]", 0, `the job "nightly": there is no drive "nase" under drives: did you mean "nas"?`},
	{"    drives: [nas]", "    drives: [nas, nas]", 0, `the drive "nas" is named twice`},
	{"    drives: [nas]", "    drives: nas", 0, `the job "nightly": drives must be a list, not a single value`},
	{"    timezone: Europe/Paris", "    timezone: Europe/Pari", 0, `the job "nightly": timezone: there is no time zone "Europe/Pari"`},
	{"    compression: zstd", "    compression: rar", 0, `the job "nightly": compression must be zstd, gzip or none, not "rar"`},
	{"    compression: zstd", "    encryption: {recipients: [age1abc]}", 0, `the job "nightly": encryption.recipients cannot be carried out by this version, which would write the backups unencrypted`},
	{"    compression: zstd", "    encryption: {recipients: [AGE-SECRET-KEY-TOPSECRET8]}", 0, "is not an age public key"},
	{"      daily: 7", "      daily: -7", 0, `the job "nightly": retention.daily must be 0 or more, not -7`},
	{"      daily: 7", "      dayly: 7", 0, `the job "nightly": retention.dayly is not a key that is known here: did you mean daily?`},
	{"      after_backup: true", "      scratch: forever", 0, `the job "nightly": drill.scratch must be temporary or the label of a data source, and there is none "forever"`},
	{"      after_backup: true", "      scratch: [temporary]", 0, `drill.scratch must be one value, not a list`},
	{"      after_backup: true", "      scrach: temporary", 0, `drill.scrach is not a key that is known here: did you mean scratch?`},
	{"      after_backup: true", "      cron: daily", 0, `the job "nightly": drill.cron: the cron expression "daily" has 1 field`},
	{"      after_backup: true", "      after_backup: [true]", 0, "drill.after_backup must be one value"},
	{"jobs:", "jobs:\n  - label: other\n  -", 2, "job 2 is empty"},
	{"jobs:", "jobs:\n  - nonsense", 1, "job 1 must hold keys and values, not a single value"},
	{"jobs:", "jobs:\n  - {}", 1, "job 1 is empty"},
	{"jobs:", "jobs:\n  - {label: nightly, data_source: shop}", 2, `the label "nightly" is used by two jobs, first on line 48`},
	{"jobs:", "jobs:\n  - {data_source: shop}", 1, "job 1 has no label"},
	{"jobs:", "jobs:\n  - {label: x}", 1, `the job "x": data_source is missing`},
	{"drives:", "drives:\n  - {label: x, provider: local}", 1, `the drive "x": folder is missing: Folder that keeps the copies.`},
	{"drives:", "drives:\n  - {label: x, folder: /f}", 1, `the drive "x": provider is missing: use local, s3 or google_drive`},
	{"version: 1", "version: 1\n\tdata: x", 1, "this is not YAML"},
	{"    password: TOPSECRET2", "    password: *TOPSECRET2", 0, "this is not YAML: a value that begins with *"},
	{"      after_backup: true", "      after_backup: true\n---\na: b", 1, "a second document begins here"},
}

func TestEachMistakeHasItsLine(t *testing.T) {
	load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), base), options(nil))
	for i, m := range mistakes {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			text, line := replaceLine(t, base, m.old, m.new)
			_, err := config.Load(write(t, path, text), options(nil))
			want := fmt.Sprintf("%s:%d: ", path, line+m.offset)
			all := problems(t, err)
			if !slices.ContainsFunc(all, func(p config.Problem) bool {
				return strings.HasPrefix(p.String(), want) && strings.Contains(p.Sentence, m.want)
			}) {
				t.Errorf("got\n%v\nwant %s…%s", err, want, m.want)
			}
			noSecret(t, err.Error())
		})
	}
}

// Mistakes on lines of their own are all reported at once, sorted by line.
func TestManyMistakesAtOnce(t *testing.T) {
	text, used := base, map[string]string{}
	for _, m := range mistakes {
		if _, taken := used[m.old]; taken || m.offset > 0 || strings.Contains(m.old, "label: shop") || strings.Contains(m.want, "not YAML") {
			continue
		}
		text, _ = replaceLine(t, text, m.old, m.new)
		used[m.old] = m.want
	}
	if len(used) < 23 {
		t.Fatalf("only %d mistakes are tried together", len(used))
	}
	_, err := config.Load(write(t, filepath.Join(t.TempDir(), "c.yaml"), text), options(nil))
	all := problems(t, err)
	for _, want := range used {
		if !strings.Contains(err.Error(), want) && !strings.Contains(want, "first on line") {
			t.Errorf("%q is not reported in\n%v", want, err)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b config.Problem) int { return a.Line - b.Line }) {
		t.Errorf("not sorted by line:\n%v", err)
	}
	noSecret(t, err.Error())
}

// Of two mistakes on different lines, one never hides the other, but for those
// that leave nothing to read or change the names that others use.
func TestPairsOfMistakes(t *testing.T) {
	var apart []mistake
	for _, m := range mistakes {
		if m.offset == 0 && !strings.HasPrefix(m.want, "this is not YAML") && !strings.Contains(m.old, "label") {
			apart = append(apart, m)
		}
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	for i, a := range apart {
		for _, b := range apart[i+1:] {
			if a.old == b.old {
				continue
			}
			text, _ := replaceLine(t, base, a.old, a.new)
			text, _ = replaceLine(t, text, b.old, b.new)
			_, err := config.Load(write(t, path, text), options(nil))
			for _, m := range []mistake{a, b} {
				if err == nil || !strings.Contains(err.Error(), m.want) {
					t.Fatalf("%q and %q: %q is not reported in\n%v", a.new, b.new, m.want, err)
				}
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(base))
	for _, m := range mistakes {
		f.Add([]byte(strings.Replace(base, m.old, m.new, 1)))
	}
	f.Add([]byte("a: &a {<<: *a}\n<<: *a\n"))
	f.Add([]byte("drives: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		path := write(t, filepath.Join(t.TempDir(), "c.yaml"), string(body))
		c, err := config.Load(path, options(nil))
		if err != nil && (len(problems(t, err)) == 0 || c.File != "") {
			t.Errorf("an error without a problem, or with a configuration")
		}
	})
}

func replaceLine(t *testing.T, text, old, new string) (string, int) {
	t.Helper()
	lines := strings.Split(text, "\n")
	at := slices.Index(lines, old)
	if at < 0 {
		t.Fatalf("there is no line %q", old)
	}
	lines[at] = new
	return strings.Join(lines, "\n"), at + 1
}

func noSecret(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "TOPSECRET") {
		t.Errorf("a secret is shown in\n%s", text)
	}
}
