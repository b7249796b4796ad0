package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
	"github.com/backupman/backupman/services/plan"
)

// phrases are what a job's dumps are opened with, in the order in which they are tried.
func phrases(t *testing.T, p process, id string) []string {
	t.Helper()
	u, err := p.catalog.Unlock(t.Context(), id)
	must(t, err)
	var all []string
	for _, s := range append([]models.Secret{u.Passphrase}, u.Former...) {
		all = append(all, s.Reveal())
	}
	keys, err := agekey.Identities(u)
	must(t, err)
	if len(keys) != len(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" })) {
		t.Errorf("%v make %d keys", all, len(keys))
	}
	return all
}

func TestFormerPassphrasesOpenEarlierBackups(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	job := jobDraft("nightly", "fileshop", "filenas")
	job.Secrets = map[string]models.Secret{"encryption.passphrase": models.NewSecret("the first passphrase")}
	id := add(t, p, job)
	change := func(text string, forget ...string) {
		t.Helper()
		draft, err := p.Draft(t.Context(), models.PlanJob, "nightly")
		must(t, err)
		if said := jsonOf(t, draft.Fields); strings.Contains(said, "secret:") || strings.Contains(said, "former") {
			t.Errorf("a form gets %s", said)
		}
		draft.Secrets, draft.Forget = nil, forget
		if text != "" {
			draft.Secrets = map[string]models.Secret{"encryption.passphrase": models.NewSecret(text)}
		}
		saveAgain(t, p, draft)
	}
	wantPhrases := func(want ...string) {
		t.Helper()
		if got := phrases(t, p, id); !slices.Equal(got, want) {
			t.Errorf("tried are %v, want %v", got, want)
		}
	}
	change("the second passphrase")
	wantPhrases("the second passphrase", "the first passphrase")
	change("the second passphrase") // the same once more is no other
	change("")
	wantPhrases("the second passphrase", "the first passphrase")
	change("the third passphrase")
	wantPhrases("the third passphrase", "the second passphrase", "the first passphrase")
	if got, err := p.catalog.Passphrase(t.Context(), id); err != nil || got.Reveal() != "the third passphrase" {
		t.Errorf("new dumps are encrypted with another: %v", err)
	}
	change("", "encryption.passphrase") // not encrypted any more
	wantPhrases("", "the third passphrase", "the second passphrase", "the first passphrase")

	// They are sealed, nobody removes them by hand, and they go with the job.
	names := secretNames(t, w)
	if len(names) != 3 {
		t.Errorf("the secrets are %v", names)
	}
	if uses := p.catalog.SecretUses(); len(uses[names[0]]) != 1 || !strings.Contains(uses[names[0]][0], "earlier backups") {
		t.Errorf("the uses are %v", uses)
	}
	again := w.start(t, plan.Rules, shopFile)
	if got := phrases(t, again, id); len(got) != 4 {
		t.Errorf("after a restart tried are %v", got)
	}
	forged := jobDraft("nightly", "fileshop", "filenas")
	forged.Fields["former_passphrases"] = "${secret:source/shop/password}"
	faultAt(t, p.Check(t.Context(), forged, false), "former_passphrases")
	must(t, p.Remove(t.Context(), models.PlanJob, "nightly", "ann"))
	if left := secretNames(t, w); len(left) != 0 {
		t.Errorf("after the job was deleted there are %v", left)
	}
}

// A job whose encryption ends takes that of all jobs, if there is one: what it keeps to
// open earlier backups is no encryption of its own.
func TestFormerPassphrasesAreNoEncryption(t *testing.T) {
	w := newWorld(t)
	key := newKey(t)
	p := w.start(t, plan.Rules, shopFile+"encryption: {recipients: ["+key.Recipient().String()+"]}\n")
	job := jobDraft("nightly", "fileshop", "filenas")
	job.Secrets = map[string]models.Secret{"encryption.passphrase": models.NewSecret("the first passphrase")}
	id := add(t, p, job)
	draft, err := p.Draft(t.Context(), models.PlanJob, "nightly")
	must(t, err)
	draft.Secrets, draft.Forget = nil, []string{"encryption.passphrase"}
	saveAgain(t, p, draft)
	row, err := w.store.Job(t.Context(), id)
	must(t, err)
	if !slices.Equal(row.Encryption.Recipients, []string{key.Recipient().String()}) {
		t.Errorf("it is encrypted to %v", row.Encryption.Recipients)
	}
	if got := phrases(t, p, id); !slices.Equal(got, []string{"", "the first passphrase"}) {
		t.Errorf("tried are %v", got)
	}
}

// The file names former passphrases, too, as stored secrets.
func TestTheFileNamesFormerPassphrases(t *testing.T) {
	w := newWorld(t)
	must(t, w.vault.SetSecret(t.Context(), "old", models.NewSecret("the old passphrase"), "ann"))
	p := w.start(t, plan.Rules, `data_sources: [{label: shop, provider: sqlite, db_path: /srv/shop.db}]
drives: [{label: nas, provider: local, folder: /mnt/nas}]
jobs: [{label: nightly, data_source: shop, encryption: {passphrase: the present passphrase}, former_passphrases: ["${secret:gone}", "${secret:old}"]}]
`)
	row, err := w.store.JobByLabel(t.Context(), "nightly")
	must(t, err)
	if got := phrases(t, p, row.ID); !slices.Equal(got, []string{"the present passphrase", "the old passphrase"}) {
		t.Errorf("tried are %v", got)
	}
}
