package config_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/services/config"
)

// ageKey is a public key.
const ageKey = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

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
	{"  listen: 127.0.0.1:8080", "  trusted_proxies: [10.0.0.0/33]", 0, `an element of http.trusted_proxies must be an address or a network, such as 10.0.0.5 or 10.0.0.0/24, not "10.0.0.0/33"`},
	{"  listen: 127.0.0.1:8080", "  trusted_proxies: [proxy]", 0, `an element of http.trusted_proxies must be an address`},
	{"  listen: 127.0.0.1:8080", "  trusted_proxies: ['::/0']", 0, "is every address there is"},
	{"  listen: 127.0.0.1:8080", "  trusted_proxies: 10.0.0.5", 0, "http.trusted_proxies must be a list"},
	{"  listen: 127.0.0.1:8080", "  tls_cert: cert.pem", 0, "http.tls_cert needs http.tls_key"},
	{"  listen: 127.0.0.1:8080", "  tls_key: key.pem", 0, "http.tls_key needs http.tls_cert"},
	{"  listen: 127.0.0.1:8080", "  tls_cert: no.pem\n  tls_key: no.pem", 0, "http.tls_cert and tls_key can't be used together: open "},
	{"version: 1", "accounts: {enabled: perhaps}", 0, `accounts.enabled must be true or false, not "perhaps"`},
	{"version: 1", "accounts: {idle: soon}", 0, "accounts.idle must be a length of time"},
	{"version: 1", "accounts: {idle: 0}", 0, "accounts.idle must be longer than nothing"},
	{"version: 1", "accounts: {longest: 0}", 0, "accounts.longest must be longer than nothing"},
	{"version: 1", "accounts: {idle: 8d}", 0, "accounts.idle must be at most accounts.longest (7d)"},
	{"version: 1", "accounts: {idel: 8d}", 0, "accounts.idel is not a key that is known here: did you mean idle?"},
	{"version: 1", "audit: {keep: 0}", 0, "audit.keep must be longer than nothing"},
	{"version: 1", "audit: {keep: ever}", 0, "audit.keep must be a length of time"},
	{"version: 1", "secrets: {key: TOPSECRET9, key_file: x}", 0, "secrets has more than one of key, key_file and key_command"},
	{"version: 1", "secrets: {key_command: vault read x}", 0, "secrets.key_command must be a list"},
	{"version: 1", "secrets: {key: '${secret:x}'}", 0, "secrets.key can't refer to a stored secret"},
	{"version: 1", "oidc: {issuer: 'https://id.example', default_role: viewer}", 0, "oidc.client_id is missing"},
	{"version: 1", "oidc: {client_id: b, default_role: viewer}", 0, "oidc.issuer is missing"},
	{"version: 1", "oidc: {issuer: 'http://id.example', client_id: b, default_role: viewer}", 0, "oidc.issuer must begin with https://"},
	{"version: 1", "oidc: {issuer: id.example, client_id: b, default_role: viewer}", 0, "oidc.issuer must be an address"},
	{"version: 1", "oidc: {issuer: 'https://u:TOPSECRET9@id.example', client_id: b, default_role: viewer}", 0, "oidc.issuer must be an address"},
	{"version: 1", "oidc: {issuer: 'https://id.example', client_id: b, default_role: king}", 0, `oidc.default_role must be owner, operator or viewer, not "king"`},
	{"version: 1", "oidc: {issuer: 'https://id.example', client_id: b, roles: {king: [a]}}", 0, "oidc.roles.king is not a key that is known here"},
	{"version: 1", "oidc: {issuer: 'https://id.example', client_id: b, roles: {owner: a}}", 0, "oidc.roles.owner must be a list"},
	{"version: 1", "oidc: {issuer: 'https://id.example', client_id: b, client_secret: TOPSECRET9, client_secret_file: x, default_role: viewer}", 0, "are both there"},
	{"data: ./data", "data: ${secret:x}", 0, "data can't refer to a stored secret"},
	{"  password: TOPSECRET1", "  password: ${secret:x}", 0, "database.password can't refer to a stored secret, because it is needed before"},
	{"    password: TOPSECRET2", "    password: TOPSECRET2${secret:x}", 0, `the data source "shop": password refers to a stored secret in a way that is not understood`},
	{"    password: TOPSECRET2", "    password: '${secret:a b}'", 0, "in a way that is not understood"},
	{"    password: TOPSECRET2", "    password: $${secret:x}", 0, `the data source "shop": password has a text that reads as a reference`},
	{"    user: backup", "    user: ${secret:x}", 0, `the data source "shop": user can't refer to a stored secret`},
	{"    drives: [nas]", "    drives: [nas, '${secret:x}']", 0, "an element of the job \"nightly\": drives can't refer to a stored secret"},
	{"    - TOPSECRET4", "    - ${secret:x}", 0, "an element of http.api_keys can't refer to a stored secret"},
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
	{"    compression: zstd", "    encryption: {recipients: [age1abc]}", 0, `the job "nightly": encryption.recipients is not an age public key: it begins with age1 and is damaged`},
	{"    compression: zstd", "    encryption: {recipients: [alice]}", 0, "is not an age public key: those begin with age1, ssh-ed25519 or ssh-rsa"},
	{"    compression: zstd", "    encryption: {recipients: [AGE-SECRET-KEY-TOPSECRET8]}", 0, "holds a PRIVATE KEY, which does not belong here"},
	{"    compression: zstd", "    encryption:\n      recipients:\n        - " + ageKey + "\n        - " + ageKey, 3, `the job "nightly": encryption.recipients has a key twice`},
	{"    compression: zstd", "    encryption: {recipients: [" + ageKey + "], passphrase: TOPSECRET8 and more}", 0, `encryption.passphrase stands beside recipients`},
	{"    compression: zstd", "    encryption: {passphrase: TOPSECRET8}", 0, "encryption.passphrase must have at least 12 characters"},
	{"    compression: zstd", "    encryption: {passphrase: TOPSECRET8 and more, passphrase_file: x}", 0, "encryption.passphrase and passphrase_file are both there"},
	{"    compression: zstd", "    encryption: {identity_file: no/such/file, recipients: [" + ageKey + "]}", 0, `no/such/file" cannot be read`},
	{"    compression: zstd", "    encryption: {recipient: [" + ageKey + "]}", 0, "encryption.recipient is not a key that is known here: did you mean recipients?"},
	{"data: ./data", "data: ./data\nencryption: {recipients: [ssh-rsa AAAA]}", 1, "encryption.recipients is not an SSH public key that age knows"},
	{"      daily: 7", "      daily: -7", 0, `the job "nightly": retention.daily must be 0 or more, not -7`},
	{"      daily: 7", "      dayly: 7", 0, `the job "nightly": retention.dayly is not a key that is known here: did you mean daily?`},
	{"      daily: 7", "      daily: 7\n      keep_within: soon", 1, `the job "nightly": retention.keep_within must be a length of time such as 30m, 6h, 30d or 2w, not "soon"`},
	{"      daily: 7", "      daily: 7\n      max_size: 200", 1, `the job "nightly": retention.max_size must be a size such as 200GB`},
	{"      daily: 7", "      keep_last: 1000001", 0, `the job "nightly": retention.keep_last must be at most 1000000`},
	{"      daily: 7", "      daily: 0", -1, `the job "nightly": retention has no rule: write one, such as daily: 7, or remove retention to keep every backup`},
	{"      daily: 7", "      drives: {}", -1, `the job "nightly": retention has no rule`},
	{"      daily: 7", "", -1, `the job "nightly": retention has no rule`},
	{"      daily: 7", "      drives: {nas: {}}", 0, `the job "nightly": retention.drives.nas has no rule: write one, such as daily: 7, or remove it for the rules of the other drives`},
	{"      daily: 7", "      drives:\n        nas: {daily: 7}\n        offsite: {daily: 7}", 2, `the job "nightly": retention.drives.offsite: the job keeps no copies on a drive of that label`},
	{"      daily: 7", "      drives:\n        nas: {dayly: 7}", 1, `the job "nightly": retention.drives.nas.dayly is not a key that is known here: did you mean daily?`},
	{"      after_backup: true", "      scratch: forever", 0, `the job "nightly": drill.scratch must be temporary or the label of a data source, and there is none "forever"`},
	{"      after_backup: true", "      scratch: [temporary]", 0, `drill.scratch must be one value, not a list`},
	{"      after_backup: true", "      scrach: temporary", 0, `drill.scrach is not a key that is known here: did you mean scratch?`},
	{"    timezone: Europe/Paris", "    schedule: daily at 03:00", -1, `the job "nightly": schedule and cron say the same thing`},
	{"    timezone: Europe/Paris", "    timeout: 0", 0, `the job "nightly": timeout must be longer than nothing`},
	{"    timezone: Europe/Paris", "    window: at night", 0, `the job "nightly": window: the window "at night" is not understood`},
	{"    timezone: Europe/Paris", "    window: 22:00-02:00", 0, `the job "nightly": window: no run of "0 3 * * *" lies in the window 22:00-02:00`},
	{"    timezone: Europe/Paris", "    spread: a bit", 0, `the job "nightly": spread `},
	{"    timezone: Europe/Paris", "    spread: 2d", 0, `the job "nightly": spread must be at most 1d, not 2d`},
	{"      after_backup: true", "      schedule: weekly", 0, `the job "nightly": drill.schedule: the schedule "weekly" is not understood`},
	{"      after_backup: true", "      cron: daily", 0, `the job "nightly": drill.cron: the schedule "daily" is not understood`},
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
