package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// loadJobs reads a file with three jobs, of which the last two have an encryption of
// their own, and returns them by their labels.
func loadJobs(t *testing.T, dir, encryption string) (map[string]models.PlannedJob, error) {
	t.Helper()
	path := filepath.Join(dir, "config.yaml")
	text := `
data_sources:
  - {label: shop, provider: mysql, port: 3306, db_name: shop, user: backup}
drives:
  - {label: nas, provider: local, folder: /mnt/nas}
` + encryption
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, options(map[string]string{"PHRASE": "correct horse battery"}))
	jobs := map[string]models.PlannedJob{}
	for _, j := range c.Jobs {
		jobs[j.Job.Label] = j
	}
	return jobs, err
}

func newIdentity(t *testing.T, path string) (public string) {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("# made today\n"+k.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return k.Recipient().String()
}

func TestEncryptionOfJobs(t *testing.T) {
	dir := t.TempDir()
	first, second := newIdentity(t, filepath.Join(dir, "first.key")), newIdentity(t, filepath.Join(dir, "second.key"))
	jobs, err := loadJobs(t, dir, fmt.Sprintf(`
encryption: {recipients: [%s, %s], identity_file: first.key}
jobs:
  - {label: takes, data_source: shop}
  - {label: open, data_source: shop, encryption: {}}
  - {label: nothing, data_source: shop, encryption: null}
  - {label: own, data_source: shop, encryption: {recipients: ["%s"]}}
  - {label: phrase, data_source: shop, encryption: {passphrase: "${PHRASE}"}}
`, first, second, second))
	if err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]struct {
		recipients string
		phrase     bool
		identity   bool
	}{
		"takes": {first + " " + second, false, true}, "nothing": {first + " " + second, false, true},
		"open": {}, "own": {recipients: second}, "phrase": {phrase: true},
	} {
		j := jobs[label]
		if strings.Join(j.Job.Encryption.Recipients, " ") != want.recipients || j.Job.Encryption.Passphrase != want.phrase ||
			j.Identity.Empty() == want.identity || j.Passphrase.Empty() == want.phrase {
			t.Errorf("%s: %+v, identity %v, passphrase %v", label, j.Job.Encryption, !j.Identity.Empty(), !j.Passphrase.Empty())
		}
	}
	if got := jobs["phrase"].Passphrase.Reveal(); got != "correct horse battery" {
		t.Errorf("the passphrase is %q", got)
	}
}

func TestEncryptionHoldsForJobsOfEachSource(t *testing.T) {
	dir := t.TempDir()
	public := newIdentity(t, filepath.Join(dir, "a.key"))
	jobs, err := loadJobs(t, dir, "encryption: {recipients: ["+public+"]}\n")
	if err != nil || len(jobs["shop"].Job.Encryption.Recipients) != 1 {
		t.Errorf("%+v, %v", jobs, err)
	}
}

func TestIdentitiesAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	public := newIdentity(t, filepath.Join(dir, "a.key"))
	newIdentity(t, filepath.Join(dir, "other.key"))
	for name, text := range map[string]string{"public.key": public, "protected.key": "age-encryption.org/v1\nTOPSECRET"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for file, says := range map[string]string{
		"other.key": "has the private key of none of the recipients", "public.key": "is a public key, which opens nothing",
		"protected.key": "is protected by a passphrase of its own",
	} {
		_, err := loadJobs(t, dir, "encryption: {recipients: ["+public+"], identity_file: "+file+"}\n")
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "TOPSECRET") {
			t.Errorf("%s: %v", file, err)
		}
	}
	for text, says := range map[string]string{
		"{identity_file: a.key}":                                    "stands without recipients",
		"{passphrase: correct horse battery, identity_file: a.key}": "is of no use beside a passphrase",
		`{passphrase: "correct horse\nbattery"}`:                    "more than one line",
	} {
		_, err := loadJobs(t, dir, "encryption: "+text+"\n")
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestAnEncryptionThatNamesNothingIsAMistake: what was meant to be encrypted must not be
// written in clear because a variable is empty.
func TestAnEncryptionThatNamesNothingIsAMistake(t *testing.T) {
	for _, text := range []string{`{passphrase: "${NOTHING:-}"}`, `{passphrase: ""}`, "{passphrase: }", "{recipients: []}", "{recipients: }"} {
		for _, whole := range []string{"encryption: " + text + "\n", "jobs: [{label: a, data_source: shop, encryption: " + text + "}]\n"} {
			if _, err := loadJobs(t, t.TempDir(), whole); err == nil || !strings.Contains(err.Error(), "names neither recipients nor a passphrase") {
				t.Errorf("%s: %v", whole, err)
			}
		}
	}
}

func TestPassphrasesThatNobodyCanTypeAreRefused(t *testing.T) {
	dir := t.TempDir()
	for name, file := range map[string]struct{ content, says string }{
		"a byte order mark": {"\ufeffcorrect horse battery\n", "can't be seen or typed"},
		"UTF-16":            {"\xff\xfec\x00o\x00r\x00r\x00e\x00c\x00t\x00 \x00h\x00o\x00r\x00s\x00e\x00", "can't be seen or typed"},
		"two lines":         {"correct horse\nbattery\n", "more than one line"},
		"plain":             {"correct hörse battery\r\n", ""},
	} {
		if err := os.WriteFile(filepath.Join(dir, "phrase"), []byte(file.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := loadJobs(t, dir, "encryption: {passphrase_file: phrase}\n")
		if refused := err != nil; refused != (file.says != "") || refused && (!strings.Contains(err.Error(), file.says) || strings.Contains(err.Error(), "horse")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKindsOfRecipientExcludeEachOther(t *testing.T) {
	dir := t.TempDir()
	public := newIdentity(t, filepath.Join(dir, "a.key"))
	quantum, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	_, err = loadJobs(t, dir, fmt.Sprintf("encryption: {recipients: [%s, %s]}\n", public, quantum.Recipient()))
	if err == nil || !strings.Contains(err.Error(), "post-quantum") {
		t.Error(err)
	}
}

// A private key may be a stored secret, which is looked at where it is stored and used.
func TestAnIdentityMayBeAStoredSecret(t *testing.T) {
	dir := t.TempDir()
	const job = "data_sources: [{label: shop, provider: mysql, db_name: s, user: u}]\ndrives: [{label: nas, provider: local, folder: /x}]\njobs: [{label: n, data_source: shop, encryption: {%s}}]\n"
	recipient := "recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]"
	c, err := config.Load(write(t, filepath.Join(dir, "c.yaml"), fmt.Sprintf(job, recipient+", identity: \"${secret:keys}\"")), options(nil))
	if err != nil || c.Jobs[0].Identity.Reveal() != "${secret:keys}" {
		t.Errorf("got %v, %v", c.Jobs, err)
	}
	for text, says := range map[string]string{
		recipient + ", identity: AGE-SECRET-KEY-1X":                       "encryption.identity: what is there ",
		recipient + ", identity: \"${secret:keys}\", identity_file: k":    "are both there",
		"passphrase: correct horse battery, identity: \"${secret:keys}\"": "is of no use beside a passphrase",
		"identity: \"${secret:keys}\"":                                    "stands without recipients",
	} {
		_, err := config.Load(write(t, filepath.Join(dir, "c.yaml"), fmt.Sprintf(job, text)), options(nil))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "KEY-1X") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
