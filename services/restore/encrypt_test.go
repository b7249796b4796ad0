package restore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/restore"
)

const phrase = "correct horse battery"

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func identity(k *age.X25519Identity) models.Unlock {
	return models.Unlock{Identity: models.NewSecret("# a key\n" + k.String() + "\n")}
}

// encrypt makes the job encrypt; has is what the configuration opens dumps with. The
// recovery kit is taken.
func (w *world) encrypt(e models.Encryption, has models.Unlock) {
	w.t.Helper()
	j := &w.plan.Jobs[0]
	j.Job.Encryption, j.Passphrase, j.Identity, j.Former = e, has.Passphrase, has.Identity, has.Former
	w.must(w.catalog.Apply(w.t.Context(), w.plan))
	w.must(w.store.TakeKit(w.t.Context(), w.job.ID, e.Fingerprint(), models.Now()))
}

func to(keys ...*age.X25519Identity) models.Encryption {
	var e models.Encryption
	for _, k := range keys {
		e.Recipients = append(e.Recipients, k.Recipient().String())
	}
	return e
}

// drillWith drills with a key that was given.
func (w *world) drillWith(b models.Backup, u models.Unlock) models.Drill {
	w.t.Helper()
	d, err := w.restore.Drill(w.t.Context(), models.DrillRequest{BackupID: b.ID, Unlock: u, Trigger: models.TriggerCLI})
	w.must(err)
	w.wantNothingLeft()
	return d
}

// wantSilent sees that nothing which others can read tells a key.
func (w *world) wantSilent(secrets ...string) {
	w.t.Helper()
	for _, name := range []string{"meta.db", "meta.db-wal"} {
		text, err := os.ReadFile(filepath.Join(w.dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		w.must(err)
		for _, s := range secrets {
			if bytes.Contains(text, []byte(s)) {
				w.t.Errorf("%s holds a secret", name)
			}
		}
	}
}

func TestAnEncryptedBackupIsDrilledAndRestored(t *testing.T) {
	k := newKey(t)
	for name, c := range map[string]struct {
		e   models.Encryption
		has models.Unlock
		use models.Unlock
	}{
		"the configuration has the key":        {to(newKey(t), k), identity(k), models.Unlock{}},
		"the key is given":                     {to(k, newKey(t)), models.Unlock{}, identity(k)},
		"the configuration has the passphrase": {models.Encryption{Passphrase: true}, models.Unlock{Passphrase: models.NewSecret(phrase)}, models.Unlock{}},
		"the passphrase is given": {models.Encryption{Passphrase: true}, models.Unlock{Passphrase: models.NewSecret(phrase)},
			models.Unlock{Passphrase: models.NewSecret(phrase)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			w.encrypt(c.e, c.has)
			b := w.backUp()
			if !strings.HasSuffix(b.FileName, ".sqlite.zst.age") {
				t.Error(b.FileName)
			}
			w.wantOutcome(w.drillWith(b, c.use), models.DrillProven, models.LevelEquals, "4 tables")
			req := models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetNew, Name: "new.db"}, Confirm: "new.db", Unlock: c.use, Trigger: models.TriggerAPI}
			plan, err := w.restore.Plan(t.Context(), req)
			if err != nil || plan.Locked != "" || plan.Hidden || !plan.Request.Unlock.Empty() || plan.File.Encryption != models.EncryptionAge {
				t.Errorf("%v: %+v", err, plan)
			}
			w.wantFinished(w.run(req))
			if n := w.rows(filepath.Join(filepath.Dir(w.shop), "new.db"), "SELECT count(*) FROM orders"); n != 15_000 {
				t.Errorf("%d rows", n)
			}
			req.Target, req.Confirm = models.RestoreTarget{Kind: models.TargetFile}, strings.TrimSuffix(b.FileName, ".zst.age")
			w.wantFinished(w.run(req))
			if n := w.rows(filepath.Join(w.data(), "restored", req.Confirm), "SELECT count(*) FROM orders"); n != 15_000 {
				t.Errorf("the file has %d rows", n)
			}
			w.wantSilent(k.String(), phrase)
		})
	}
}

func TestWithoutAKeyItIsSaidWhatIsMissing(t *testing.T) {
	w := newWorld(t, "nas")
	k, other := newKey(t), newKey(t)
	w.encrypt(to(k, other), models.Unlock{})
	b := w.backUp()
	target := models.RestoreTarget{Kind: models.TargetNew, Name: "new.db"}
	ways := []string{k.Recipient().String(), other.Recipient().String(), "give the private key of one of them", "--identity FILE", "encryption.identity_file", "on the page"}
	says := func(text string) {
		t.Helper()
		for _, way := range ways {
			if !strings.Contains(text, way) {
				t.Errorf("%q does not say %q", text, way)
			}
		}
	}
	for name, u := range map[string]models.Unlock{"no key": {}, "another key": identity(newKey(t)), "a passphrase": {Passphrase: models.NewSecret(phrase)}} {
		t.Run(name, func(t *testing.T) {
			d := w.drillWith(b, u)
			w.wantOutcome(d, models.DrillUnverified, models.LevelNone, "is encrypted")
			says(d.Reason)
			req := models.RestoreRequest{BackupID: b.ID, Target: target, Confirm: "new.db", Unlock: u, Trigger: models.TriggerAPI}
			plan, err := w.restore.Plan(t.Context(), req)
			w.must(err)
			says(plan.Locked)
			if len(plan.Problems) != 0 {
				t.Errorf("a key that is missing is a problem of its own: %v", plan.Problems)
			}
			_, err = w.restore.Run(t.Context(), req)
			if !errors.Is(err, models.ErrConflict) {
				t.Fatalf("got %v", err)
			}
			says(err.Error())
		})
	}
	if now, err := w.store.Backup(t.Context(), b.ID); err != nil || now.DisprovenAt != nil || now.ProvenAt != nil {
		t.Errorf("%+v, %v", now, err)
	}
	for name, text := range map[string]string{"a public key": k.Recipient().String(), "nonsense": "nonsense"} {
		u := models.Unlock{Identity: models.NewSecret(text)}
		if _, err := w.restore.Drill(t.Context(), models.DrillRequest{BackupID: b.ID, Unlock: u}); !errors.Is(err, models.ErrInvalid) || strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAConfiguredKeyThatCantBeHadIsSaid: a scheduled drill leaves no gap that nobody sees,
// and a key that is given does all the same.
func TestAConfiguredKeyThatCantBeHadIsSaid(t *testing.T) {
	w := newWorld(t, "nas")
	e := models.Encryption{Passphrase: true}
	w.encrypt(e, models.Unlock{Passphrase: models.NewSecret(phrase)})
	b := w.backUp()
	w.encrypt(e, models.Unlock{Passphrase: models.NewSecret("${secret:phrase}")}) // which nothing opens here
	d := w.drillWith(b, models.Unlock{})
	w.wantOutcome(d, models.DrillUnverified, models.LevelNone, "from the stored secret phrase")
	if !strings.Contains(d.Reason, "--passphrase-file") {
		t.Errorf("no way out: %s", d.Reason)
	}
	w.wantOutcome(w.drillWith(b, models.Unlock{Passphrase: models.NewSecret(phrase)}), models.DrillProven, models.LevelEquals, "4 tables")
}

// A passphrase that was replaced still opens what was encrypted with it.
func TestAFormerPassphraseProvesAnEarlierBackup(t *testing.T) {
	w := newWorld(t, "nas")
	e, now := models.Encryption{Passphrase: true}, models.NewSecret("the passphrase of today")
	w.encrypt(e, models.Unlock{Passphrase: models.NewSecret(phrase)})
	b := w.backUp()
	w.encrypt(e, models.Unlock{Passphrase: now})
	w.wantOutcome(w.drillWith(b, models.Unlock{}), models.DrillUnverified, models.LevelStored, "passphrase")
	w.encrypt(e, models.Unlock{Passphrase: now, Former: []models.Secret{models.NewSecret(phrase)}})
	w.wantOutcome(w.drillWith(b, models.Unlock{}), models.DrillProven, models.LevelEquals, "4 tables")
	w.wantSilent(phrase, now.Reveal())
}

// rewrite changes the manifest that the metadata has of a backup.
func (w *world) rewrite(b models.Backup, change func(m *models.Manifest)) {
	w.t.Helper()
	m, err := w.store.Manifest(w.t.Context(), b.ID)
	w.must(err)
	change(&m)
	text, err := json.Marshal(m)
	w.must(err)
	w.exec(filepath.Join(w.dir, "meta.db"), "UPDATE manifests SET body = '"+strings.ReplaceAll(string(text), "'", "''")+"' WHERE backup_id = '"+b.ID+"'")
}

// TestDamageInsideIsADisproof has files that are what their manifests say, and are not
// what age wrote.
func TestDamageInsideIsADisproof(t *testing.T) {
	const chunk = 64<<10 + 16
	for name, spoil := range map[string]func([]byte) []byte{
		"truncated": func(p []byte) []byte { return p[:len(p)-100] }, "cut at a chunk": func(p []byte) []byte { return p[:len(p)-len(p)%chunk] },
		"a flipped bit": flip, "one byte more": func(p []byte) []byte { return append(p, 0) },
		"swapped": func(p []byte) []byte {
			q := append([]byte{}, p...)
			copy(q[2000:3000], p[4000:5000])
			copy(q[4000:5000], p[2000:3000])
			return q
		},
		"not encrypted": func([]byte) []byte { return []byte("SQLite format 3\x00") },
		"half a header": func(p []byte) []byte { return p[:40] },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			k := newKey(t)
			w.encrypt(to(k), identity(k))
			b := w.backUp()
			var spoiled []byte
			w.spoil("nas", b, func(p []byte) []byte { spoiled = spoil(p); return spoiled })
			sum := sha256.Sum256(spoiled)
			w.rewrite(b, func(m *models.Manifest) { m.File.Size, m.File.SHA256 = int64(len(spoiled)), hex.EncodeToString(sum[:]) })
			w.wantOutcome(w.drill(b), models.DrillDisproven, models.LevelStored, "the dump can't be ")
		})
	}
}

func TestASealedManifestIsOpenedWithTheKey(t *testing.T) {
	w := newWorld(t, "nas")
	k := newKey(t)
	w.encrypt(to(k), models.Unlock{})
	b := w.backUp()
	hide := func(m *models.Manifest) { m.Inventory = m.Inventory.Public() }
	w.rewrite(b, hide)
	hidden := func() bool {
		m, err := w.store.Manifest(t.Context(), b.ID)
		w.must(err)
		return m.Hidden()
	}
	req := models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetNew, Name: "new.db"}, Tables: []models.TableName{{Name: "orders"}}, Trigger: models.TriggerAPI}
	plan, err := w.restore.Plan(t.Context(), req)
	if err != nil || !plan.Hidden || plan.Locked == "" {
		t.Errorf("without a key: %v, %+v", err, plan)
	}
	req.Unlock = identity(k)
	plan, err = w.restore.Plan(t.Context(), req)
	if err != nil || plan.Hidden || len(plan.Inventory.Tables) != 4 || !hidden() {
		t.Errorf("a plan looks and writes nothing: %v, %d tables, hidden %v", err, len(plan.Inventory.Tables), hidden())
	}
	w.wantOutcome(w.drillWith(b, models.Unlock{}), models.DrillUnverified, models.LevelNone, "is encrypted")
	if !hidden() {
		t.Error("opened without a key")
	}
	w.wantOutcome(w.drillWith(b, identity(k)), models.DrillProven, models.LevelEquals, "4 tables")
	if hidden() {
		t.Error("still hidden after a drill with the key")
	}

	w.rewrite(b, func(m *models.Manifest) { hide(m); m.Sealed = strings.Replace(m.Sealed, "YWdl", "YWdm", 1) })
	w.wantOutcome(w.drillWith(b, identity(k)), models.DrillUnverified, models.LevelNone, "nothing to compare the dump with")
	w.rewrite(b, func(m *models.Manifest) {
		hide(m)
		var err error
		m.Sealed, err = archive.Seal(models.Inventory{}, newKey(t).Recipient()) // as a bit that flipped in a stanza
		w.must(err)
	})
	w.wantOutcome(w.drillWith(b, identity(k)), models.DrillUnverified, models.LevelNone, "its manifest is damaged: download the backup")
	w.rewrite(b, func(m *models.Manifest) { hide(m); m.Sealed = m.Sealed[:len(m.Sealed)/8*4] })
	w.wantOutcome(w.drillWith(b, identity(k)), models.DrillUnverified, models.LevelNone, "nothing to compare the dump with")
}

func TestAnEncryptedUpload(t *testing.T) {
	w := newWorld(t, "nas")
	k := newKey(t)
	w.encrypt(to(k), models.Unlock{})
	b := w.backUp()
	file, err := os.ReadFile(w.copyPath("nas", b))
	w.must(err)
	for name, c := range map[string]struct {
		u       models.Unlock
		content []byte
		says    string
	}{
		"no key":      {models.Unlock{}, file, "give the private key or the passphrase together with it"},
		"another key": {identity(newKey(t)), file, "not a private key of one of them"},
		"truncated":   {identity(k), file[:len(file)-5], "damaged or cut off"},
		"a bad key":   {models.Unlock{Identity: models.NewSecret("x")}, file, "is not an age identity file"},
	} {
		_, err := w.restore.Receive(t.Context(), "dump.age", c.u, bytes.NewReader(c.content))
		if !(errors.Is(err, models.ErrInvalid) || errors.Is(err, models.ErrConflict)) || !strings.Contains(err.Error(), c.says) || len(w.uploads()) != 0 {
			t.Errorf("%s: %v, left %v", name, err, w.uploads())
		}
	}
	u, err := w.restore.Receive(t.Context(), "dump.age", identity(k), bytes.NewReader(file))
	w.must(err)
	kept, err := os.ReadFile(filepath.Join(w.data(), "uploads", u.ID, "dump"))
	if err != nil || !bytes.Equal(kept, file) || u.Encryption != models.EncryptionAge || u.Compression != models.CompressionZstd || u.Provider != "sqlite" || len(u.Inventory.Tables) != 4 {
		t.Errorf("%v: %+v", err, u)
	}
	restored := func(s *restore.Service, name string, given models.Unlock) error {
		r, err := s.Run(t.Context(), models.RestoreRequest{UploadID: u.ID, Target: models.RestoreTarget{Kind: models.TargetNew, SourceID: w.other, Name: name}, Confirm: name, Unlock: given})
		if err == nil && r.Status != models.StatusFinished {
			t.Error(r.Error)
		}
		return err
	}
	w.must(restored(w.restore, "a.db", models.Unlock{}))
	after := w.service(restore.Options{}) // a restart
	if err := restored(after, "b.db", models.Unlock{}); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "once more") {
		t.Errorf("after a restart: %v", err)
	}
	w.must(restored(after, "b.db", identity(k)))
	if n := w.rows(filepath.Join(filepath.Dir(w.otherPath), "b.db"), "SELECT count(*) FROM orders"); n != 15_000 {
		t.Errorf("%d rows", n)
	}
}

func TestASafetyBackupWantsItsKit(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.plan.Jobs[0].Job.Encryption = to(newKey(t))
	w.must(w.catalog.Apply(t.Context(), w.plan))
	plan, err := w.restore.Plan(t.Context(), models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetSource}, Replace: true})
	if err != nil || plan.SafetyJob != "" || !strings.Contains(plan.NoSafety, `backupman kit "shop-nightly"`) {
		t.Errorf("%v: %q, %q", err, plan.SafetyJob, plan.NoSafety)
	}
}
