package config_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

func text(t *testing.T, text string, env map[string]string) config.Config {
	t.Helper()
	return load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), text), options(env))
}

func TestAccounts(t *testing.T) {
	const day = 24 * time.Hour
	for text_, want := range map[string]config.Accounts{
		"":                                       {Enabled: true, Idle: 12 * time.Hour, Longest: 7 * day},
		"accounts: {}":                           {Enabled: true, Idle: 12 * time.Hour, Longest: 7 * day},
		"accounts: {enabled: false}":             {Idle: 12 * time.Hour, Longest: 7 * day},
		"accounts: {idle: 30m, longest: 1d}":     {Enabled: true, Idle: 30 * time.Minute, Longest: day},
		"accounts: {enabled: 'on', longest: 1h}": {Enabled: true, Idle: time.Hour, Longest: time.Hour},
	} {
		if c := text(t, text_, nil); c.Accounts != want {
			t.Errorf("%q: %+v, want %+v", text_, c.Accounts, want)
		}
	}
	if c := text(t, "", nil); c.Audit.Keep != 400*day || c.OIDC.Issuer != "" {
		t.Errorf("without a word: the audit log is kept %s, and the provider is %q", c.Audit.Keep, c.OIDC.Issuer)
	}
	if c := text(t, "audit: {keep: 90d}", nil); c.Audit.Keep != 90*day {
		t.Errorf("the audit log is kept %s", c.Audit.Keep)
	}
}

func TestIdentityProvider(t *testing.T) {
	c := text(t, "oidc: {issuer: 'https://id.example/realm', client_id: backupman, client_secret: '${S}', roles: {owner: [dba, root], viewer: [staff]}, default_role: viewer, scopes: [groups]}",
		map[string]string{"S": "TOPSECRET"})
	want := config.OIDC{Name: "id.example", Issuer: "https://id.example/realm", ClientID: "backupman", ClientSecret: models.NewSecret("TOPSECRET"),
		Scopes: []string{"openid", "groups"}, GroupsClaim: "groups", DefaultRole: models.RoleViewer,
		Roles: map[models.Role][]string{models.RoleOwner: {"dba", "root"}, models.RoleViewer: {"staff"}}}
	if !reflect.DeepEqual(c.OIDC, want) {
		t.Errorf("the provider is %+v, want %+v", c.OIDC, want)
	}
	c = text(t, "oidc: {name: Example, issuer: 'http://127.0.0.1:9000', client_id: b, groups_claim: roles, default_role: operator}\naccounts: {enabled: false}", nil)
	if c.OIDC.Name != "Example" || c.OIDC.GroupsClaim != "roles" || !slices.Equal(c.OIDC.Scopes, []string{"openid", "profile", "email"}) || len(c.Notes) != 1 {
		t.Errorf("the provider is %+v with notes %q", c.OIDC, c.Notes)
	}
}

func TestAProviderThatLetsNobodyIn(t *testing.T) {
	c := text(t, "oidc: {issuer: 'https://id.example', client_id: b}", nil)
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], ":1: oidc lets nobody in") {
		t.Errorf("the notes are %q", c.Notes)
	}
}

func TestTrustedProxies(t *testing.T) {
	c := text(t, "http: {trusted_proxies: [10.0.0.5, 192.168.7.9/24, '::1', 'fd00::1/8', '::ffff:10.1.1.1']}", nil)
	var got []string
	for _, p := range c.HTTP.TrustedProxies {
		got = append(got, p.String())
	}
	if want := []string{"10.0.0.5/32", "192.168.7.0/24", "::1/128", "fd00::/8", "10.1.1.1/32"}; !slices.Equal(got, want) {
		t.Errorf("trusted are %q, want %q", got, want)
	}
	if !c.HTTP.TrustedProxies[1].Contains(netip.MustParseAddr("192.168.7.200")) {
		t.Error("a network does not contain its addresses")
	}
}

func TestWhereTheKeyOfSecretsIs(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.yaml")
	for text, want := range map[string]config.Secrets{
		"":                               {},
		"secrets: {key: TOPSECRET}":      {Key: models.NewSecret("TOPSECRET")},
		"secrets: {key_file: keys}":      {KeyFile: filepath.Join(dir, "keys")},
		"secrets: {key_file: /etc/keys}": {KeyFile: "/etc/keys"},
		"secrets: {key_command: [vault, kv, get, 'a b']}": {KeyCommand: []string{"vault", "kv", "get", "a b"}},
		"secrets: {key: '${K}', key_file: ''}":            {Key: models.NewSecret("from a variable")},
	} {
		if c := load(t, write(t, path, text), options(map[string]string{"K": "from a variable"})); !reflect.DeepEqual(c.Secrets, want) {
			t.Errorf("%q: %+v, want %+v", text, c.Secrets, want)
		}
	}
	c := load(t, write(t, path, "secrets: {key_file: keys}"), options(map[string]string{config.EnvSecretsKey: "TOPSECRET"}))
	if !reflect.DeepEqual(c.Secrets, config.Secrets{Key: models.NewSecret("TOPSECRET")}) {
		t.Errorf("the environment over the file: %+v", c.Secrets)
	}
}

func TestReferencesToStoredSecretsStay(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret"), "${secret:not/a/reference}\n")
	config_ := `data_sources: [{label: a, provider: mysql, db_name: d, user: u, password: "${secret:db/shop}"}]
drives: [{label: l, provider: local, folder: /f}, {label: s, provider: s3, bucket: b, secret_key: "${secret:s3.key_1-x}"}]
oidc: {issuer: "https://id.example", client_id: b, client_secret: "${secret:oidc}", default_role: viewer}
`
	c := text(t, config_, nil)
	for got, want := range map[string]string{
		c.Sources[0].Settings["password"]:  "db/shop",
		c.Drives[1].Settings["secret_key"]: "s3.key_1-x",
		c.OIDC.ClientSecret.Reveal():       "oidc",
	} {
		if name, ok := models.SecretRef(got); !ok || name != want {
			t.Errorf("%q refers to %q", got, name)
		}
	}
	for name, text := range map[string]string{
		"a variable": `data_sources: [{label: a, provider: mysql, db_name: d, user: u, password: "${V}"}]`,
		"a file":     `data_sources: [{label: a, provider: mysql, db_name: d, user: u, password_file: secret}]`,
	} {
		_, err := config.Load(write(t, filepath.Join(dir, "c.yaml"), text), options(map[string]string{"V": "${secret:x}"}))
		if all := problems(t, err); len(all) != 1 || all[0].Line != 1 {
			t.Errorf("%s that reads as a reference: %v", name, err)
		}
	}
}

func TestACertificateIsLookedAt(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cert.pem", "key.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("not a certificate"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := config.Load(write(t, filepath.Join(dir, "c.yaml"), fmt.Sprintf("http:\n  tls_cert: cert.pem\n  tls_key: %q\n", filepath.Join(dir, "key.pem"))), options(nil))
	if all := problems(t, err); len(all) != 1 || all[0].Line != 2 {
		t.Errorf("got %v", err)
	}
}
