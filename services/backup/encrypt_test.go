package backup_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
	"github.com/backupman/backupman/services/archive"
)

// encrypt changes how the job encrypts.
func (w *world) encrypt(e models.Encryption) {
	w.t.Helper()
	w.plan.Jobs[0].Job.Encryption = e
	if err := w.store.ApplyPlan(w.t.Context(), w.plan); err != nil {
		w.t.Fatal(err)
	}
}

// takeKit takes the recovery kit of the present encryption.
func (w *world) takeKit() {
	w.t.Helper()
	job, err := w.store.Job(w.t.Context(), w.job.ID)
	if err == nil {
		err = w.store.TakeKit(w.t.Context(), job.ID, job.Encryption.Fingerprint(), models.Now())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// key makes a private key.
func key(t *testing.T) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// onDrive returns a file and its manifest as a drive has them.
func (w *world) onDrive(i int, b models.Backup) (file []byte, m models.Manifest, text []byte) {
	w.t.Helper()
	path := filepath.Join(w.folders[i], b.DriveFiles[i].Key)
	file, err := os.ReadFile(path)
	if err == nil {
		text, err = os.ReadFile(path + ".json")
	}
	if err == nil {
		m, err = archive.DecodeManifest(text)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return file, m, text
}

func unpacked(t *testing.T, file []byte, with ...age.Identity) string {
	t.Helper()
	plain, err := archive.Decrypt(bytes.NewReader(file), with...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := archive.Decode(plain, models.CompressionZstd)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEncryptedBackupsOpenWithEachKey(t *testing.T) {
	w := newWorld(t, "nas", "usb")
	first, second := key(t), key(t)
	e := models.Encryption{Recipients: []string{first.Recipient().String(), second.Recipient().String()}}
	w.encrypt(e)
	w.takeKit()
	b := w.run(w.service())
	if b.Status != models.StatusFinished || b.Encryption != models.EncryptionAge || !strings.HasSuffix(b.FileName, ".sql.zst.age") {
		t.Fatalf("%s: %s, %q, %s", b.Status, b.Error, b.Encryption, b.FileName)
	}
	whole, err := w.store.Manifest(t.Context(), b.ID)
	if err != nil || len(whole.Inventory.Tables) != 1 || whole.Hidden() {
		t.Fatalf("the metadata has %+v, %v", whole, err)
	}
	for i := range w.folders {
		file, m, text := w.onDrive(i, b)
		for _, k := range []age.Identity{first, second} {
			if got := unpacked(t, file, k); got != string(w.source.content) {
				t.Errorf("drive %d has %q", i, got)
			}
		}
		if bytes.Contains(text, []byte(`"t"`)) || bytes.Contains(text, []byte("one warning")) || !m.Hidden() || m.Version != models.SealedManifestVersion {
			t.Errorf("the manifest on drive %d tells what is in the dump: %s", i, text)
		}
		if m.File.Encryption != models.EncryptionAge || !slices.Equal(m.File.Recipients, e.Recipients) {
			t.Errorf("the manifest on drive %d says %+v", i, m.File)
		}
		inv, err := archive.Unseal(m.Sealed, second)
		if err != nil || len(inv.Tables) != 1 || inv.Tables[0].Name != "t" || len(inv.Warnings) != 1 {
			t.Errorf("sealed on drive %d is %+v, %v", i, inv, err)
		}
	}
}

func TestAPassphraseEncrypts(t *testing.T) {
	w := newWorld(t, "nas")
	w.passphrase = models.NewSecret("correct horse battery")
	w.encrypt(models.Encryption{Passphrase: true})
	w.takeKit()
	b := w.run(w.service())
	if b.Status != models.StatusFinished {
		t.Fatal(b.Error)
	}
	file, m, text := w.onDrive(0, b)
	with, err := agekey.Identities(models.Unlock{Passphrase: w.passphrase})
	if err != nil {
		t.Fatal(err)
	}
	if got := unpacked(t, file, with...); got != string(w.source.content) || len(m.File.Recipients) != 0 || bytes.Contains(text, []byte("horse")) {
		t.Errorf("got %q and %s", got, text)
	}
	if b = w.run(w.service()); strings.Contains(b.Warnings, "another passphrase") {
		t.Errorf("with the same passphrase: %s", b.Warnings)
	}
	w.passphrase = models.NewSecret("wrong donkey battery")
	if b = w.run(w.service()); b.Status != models.StatusFinished || !strings.Contains(b.Warnings, "another passphrase than the backup before it") {
		t.Errorf("with another passphrase: %s, %q", b.Status, b.Warnings)
	}
	w.passphrase = models.Secret{}
	if b := w.run(w.service()); b.Status != models.StatusFailed || !strings.Contains(b.Error, "the passphrase of the encryption is not known") {
		t.Errorf("without a passphrase: %s, %s", b.Status, b.Error)
	}
}

func TestNothingIsEncryptedWithoutAKit(t *testing.T) {
	w := newWorld(t, "nas")
	w.encrypt(models.Encryption{Recipients: []string{key(t).Recipient().String()}})
	s := w.service()
	wantKit := func(says string, err error) {
		t.Helper()
		if !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "/jobs/"+w.job.ID+"/kit") ||
			!strings.Contains(err.Error(), `backupman kit "shop-nightly"`) {
			t.Errorf("got %v", err)
		}
	}
	_, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	wantKit("has not been taken yet", err)

	b, err := s.StartSlot(t.Context(), w.job.ID, models.Now().Add(-time.Minute), nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = s.Run(t.Context(), b.ID); err != nil || b.Status != models.StatusFailed {
		t.Fatalf("%s, %v", b.Status, err)
	}
	wantKit("has not been taken yet", models.Conflictf("%s", b.Error))

	w.takeKit()
	if b := w.run(s); b.Status != models.StatusFinished {
		t.Error(b.Error)
	}
	w.encrypt(models.Encryption{Recipients: []string{key(t).Recipient().String()}})
	_, err = s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	wantKit("was taken for other keys", err)
	w.encrypt(models.Encryption{})
	if b := w.run(s); b.Status != models.StatusFinished || b.Encryption != "" {
		t.Errorf("a job that encrypts no more: %s, %q", b.Error, b.Encryption)
	}
}

func TestAJobThatEncryptsInAnotherWayIsRunAgain(t *testing.T) {
	w := newWorld(t, "nas")
	w.source.err = errors.New("the server went away")
	s := w.service()
	b := w.run(s)
	w.source.err = nil
	w.encrypt(models.Encryption{Recipients: []string{key(t).Recipient().String()}})
	w.takeKit()
	if _, err := s.Retry(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	b, err := s.Run(t.Context(), b.ID)
	if err != nil || b.Status != models.StatusFailed || !strings.Contains(b.Error, "encrypts in another way") || !strings.Contains(b.Error, "run the job again") {
		t.Errorf("%s: %s, %v", b.Status, b.Error, err)
	}
}

func TestCopiesAreHealedWithoutAnyKey(t *testing.T) {
	w := newWorld(t, "nas", "usb")
	k := key(t)
	w.encrypt(models.Encryption{Recipients: []string{k.Recipient().String()}})
	w.takeKit()
	s := w.service()
	b := w.run(s)
	_, _, before := w.onDrive(1, b)
	lost := filepath.Join(w.folders[1], b.DriveFiles[1].Key)
	if err := errors.Join(os.Remove(lost), os.Remove(lost+".json")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(t.Context(), b.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Heal(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Run(t.Context(), b.ID); err != nil || b.Status != models.StatusFinished {
		t.Fatalf("%s, %v", b.Error, err)
	}
	file, _, after := w.onDrive(1, b)
	if !bytes.Equal(before, after) || unpacked(t, file, k) != string(w.source.content) {
		t.Errorf("the manifest was %s and is %s", before, after)
	}
}
