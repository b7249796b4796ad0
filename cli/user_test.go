package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installation is a configuration with one job, and nothing done yet.
type installation struct {
	base []string
	data string
	dir  string
}

func newInstallation(t *testing.T, more string) installation {
	t.Helper()
	file, data := writeConfig(t, "data_sources: [{provider: sqlite, label: shop, db_path: /no/such/shop.db}]\ndrives: [{provider: local, label: nas, folder: "+t.TempDir()+"}]\n"+more)
	return installation{base: []string{"-c", file, "--data", data}, data: data, dir: filepath.Dir(file)}
}

// run runs a command and returns what it printed; it must end with a status.
func (i installation) run(t *testing.T, status int, args ...string) string {
	t.Helper()
	code, out, said := backupman(t, append(append([]string{}, i.base...), args...)...)
	if code != status {
		t.Fatalf("%v: status %d, want %d: %s%s", args, code, status, out, said)
	}
	return out + said
}

// file writes a file beside the configuration.
func (i installation) file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(i.dir, "given")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var claimForm = regexp.MustCompile(`http://127\.0\.0\.1:8080/claim\?token=[A-Za-z0-9_-]{40,}`)

type userAnswer struct {
	ID                        string `json:"Id"`
	Name, Role                string
	Issuer                    *string
	HasPassword, SecondFactor bool
	SignedInAt, DisabledAt    *string
	CreatedAt                 string
	Link                      string
}

func (i installation) users(t *testing.T) map[string]userAnswer {
	t.Helper()
	var list struct{ Results []userAnswer }
	answer(t, &list, 0, append(i.base, "user", "list")...)
	all := map[string]userAnswer{}
	for _, u := range list.Results {
		all[u.Name] = u
	}
	return all
}

func TestAccountsAtTheCommandLine(t *testing.T) {
	i := newInstallation(t, "")
	if out := i.run(t, 0, "user", "list"); !strings.Contains(out, "backupman claim") {
		t.Errorf("without an account: %s", out)
	}
	i.run(t, 0, "user", "add", "Ada", "--role", "owner", "--password-file", i.file(t, "correct horse battery\n"))
	out := i.run(t, 0, "user", "add", "bob", "--role", "viewer")
	if !claimForm.MatchString(out) {
		t.Errorf("adding without a password printed %s", out)
	}
	i.run(t, 0, "user", "role", "bob", "operator")
	if again := i.run(t, 0, "user", "invite", "bob"); !claimForm.MatchString(again) || claimForm.FindString(again) == claimForm.FindString(out) {
		t.Errorf("inviting again printed %s", again)
	}
	i.run(t, 0, "user", "disable", "bob")
	all := i.users(t)
	if len(all) != 2 || all["ada"].Role != "owner" || !all["ada"].HasPassword || all["bob"].Role != "operator" || all["bob"].HasPassword || all["bob"].DisabledAt == nil {
		t.Errorf("the accounts are %+v", all)
	}
	if out := i.run(t, 0, "user", "list"); !regexp.MustCompile(`bob +operator +disabled`).MatchString(out) {
		t.Errorf("the list is\n%s", out)
	}
	i.run(t, 0, "user", "enable", "bob")
	i.run(t, 0, "user", "password", "bob", "--password-file", i.file(t, "another long password"))
	if bob := i.users(t)["bob"]; bob.DisabledAt != nil || !bob.HasPassword {
		t.Errorf("bob is %+v", bob)
	}
	if out := i.run(t, 0, "user", "sessions", "bob"); !strings.Contains(out, "signed in nowhere") {
		t.Errorf("the sessions are %s", out)
	}
	i.run(t, 0, "user", "sessions", "bob", "--end")
	i.run(t, 0, "user", "reset-2fa", "bob")
	var removed userAnswer
	answer(t, &removed, 0, append(i.base, "user", "remove", "bob")...)
	if removed.Name != "bob" || len(i.users(t)) != 1 {
		t.Errorf("removed %+v, left %v", removed, i.users(t))
	}
}

func TestWhatAccountsRefuse(t *testing.T) {
	i := newInstallation(t, "")
	i.run(t, 0, "user", "add", "ada", "--role", "owner", "--password-file", i.file(t, "correct horse battery"))
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a role":          {[]string{"user", "add", "bob", "--role", "king"}, "owner, operator or viewer"},
		"no role":         {[]string{"user", "add", "bob"}, "role"},
		"a name twice":    {[]string{"user", "add", "ADA", "--role", "viewer"}, "there is an account ada already"},
		"nobody":          {[]string{"user", "disable", "eve"}, "no account eve"},
		"the last owner":  {[]string{"user", "remove", "ada"}, "owner"},
		"a weak password": {[]string{"user", "password", "ada", "--password-file", i.file(t, "short")}, "password"},
		"no such file":    {[]string{"user", "password", "ada", "--password-file", "/no/such/file"}, "/no/such/file"},
		"a claim":         {[]string{"claim"}, "there is an owner already"},
	} {
		if out := i.run(t, 1, c.args...); !strings.Contains(out, c.says) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestClaim(t *testing.T) {
	i := newInstallation(t, "")
	link := strings.TrimSpace(i.run(t, 0, "claim"))
	if !claimForm.MatchString(link) {
		t.Fatalf("it prints %s", link)
	}
	kept, err := os.ReadFile(filepath.Join(i.data, "claim"))
	if err != nil || strings.TrimSpace(string(kept)) != link {
		t.Errorf("it keeps %q, %v", kept, err)
	}
	if info, err := os.Stat(filepath.Join(i.data, "claim")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	var again struct{ Link string }
	answer(t, &again, 0, append(i.base, "claim")...)
	if again.Link == link || !claimForm.MatchString(again.Link) {
		t.Errorf("the second link is %s", again.Link)
	}
	proxied := newInstallation(t, "http: {app_url: 'https://backups.example/'}\n")
	if out := proxied.run(t, 0, "claim"); !strings.HasPrefix(out, "https://backups.example/claim?token=") {
		t.Errorf("behind an address of its own it prints %s", out)
	}
}

func TestAPIKeysAtTheCommandLine(t *testing.T) {
	i := newInstallation(t, "")
	i.run(t, 1, "run", "shop", "--wait") // makes the job known
	out := i.run(t, 0, "apikey", "create", "ci", "--scope", "read,run", "--job", "shop", "--expires", "90d")
	if !regexp.MustCompile(`(?m)^bkm_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`).MatchString(out) {
		t.Errorf("it prints %s", out)
	}
	var made struct {
		Name, Key            string
		JobIDs               []string `json:"JobIds"`
		Scopes               []string
		ExpiresAt            *string
		ID                   string `json:"Id"`
		CreatedBy, CreatedAt string
		UsedAt, UsedFrom     *string
	}
	answer(t, &made, 0, append(i.base, "apikey", "create", "deploy", "--scope", "restore", "--expires", "2099-01-01")...)
	if made.Name != "deploy" || !strings.HasPrefix(made.Key, "bkm_") || made.ExpiresAt == nil || !strings.HasPrefix(*made.ExpiresAt, "2099-01-02T00:00:00") {
		t.Errorf("made %+v", made)
	}
	if list := i.run(t, 0, "apikey", "list"); !regexp.MustCompile(`ci +read,run +shop +2`).MatchString(list) || strings.Contains(list, "bkm_") {
		t.Errorf("the list is\n%s", list)
	}
	i.run(t, 0, "apikey", "remove", "ci")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no such key":   {[]string{"apikey", "remove", "ci"}, `no API key "ci"`},
		"no scope":      {[]string{"apikey", "create", "x"}, "scope"},
		"a wrong scope": {[]string{"apikey", "create", "x", "--scope", "write"}, "read, run, restore or admin"},
		"a wrong day":   {[]string{"apikey", "create", "x", "--scope", "read", "--expires", "soon"}, "--expires must be"},
		"over already":  {[]string{"apikey", "create", "x", "--scope", "read", "--expires", "2001-01-01"}, "expired already"},
		"no such job":   {[]string{"apikey", "create", "x", "--scope", "read", "--job", "none"}, `no job "none"`},
	} {
		if out := i.run(t, 1, c.args...); !strings.Contains(out, c.says) {
			t.Errorf("%s: %s", name, out)
		}
	}
}
