package adopt_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
)

// encrypted has a drive with one encrypted backup, and an installation that knows
// nothing of it.
func encrypted(t *testing.T) (after *installation, folder string, b models.Backup, key models.Unlock) {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	plan := planOf(shop(t), folder)
	plan.Jobs[0].Job.Encryption.Recipients = []string{k.Recipient().String()}
	before := install(t, plan)
	job, err := before.store.JobByLabel(t.Context(), "shop nightly")
	if err == nil {
		err = before.store.TakeKit(t.Context(), job.ID, job.Encryption.Fingerprint(), models.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	b = before.run(t)
	return install(t, planOf(shop(t), folder)), folder, b, models.Unlock{Identity: models.NewSecret(k.String())}
}

func TestEncryptedCopiesAreAdoptedWithoutAKey(t *testing.T) {
	after, _, b, key := encrypted(t)
	report := after.takeWith(t, "drive 1", adopt.Options{ReadAll: true})
	if len(report.Files) != 1 || !report.Files[0].Sealed || !report.Files[0].New || report.Files[0].Problem != "" {
		t.Fatalf("got %+v", report)
	}
	got := after.list(t)[0]
	if got.ID != b.ID || got.Encryption != models.EncryptionAge || got.SHA256 != b.SHA256 || got.Size != b.Size || got.RawSize != b.RawSize || got.FileName != b.FileName {
		t.Errorf("adopted %+v", got)
	}
	m, err := after.store.Manifest(t.Context(), b.ID)
	if err != nil || !m.Hidden() || m.Inventory.Database == "" || len(m.File.Recipients) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	after.verify(t, 1)
	if again := after.take(t, "drive 1"); again.Copies != 0 || again.Backups != 0 {
		t.Errorf("adopted twice: %+v", again)
	}

	s := restore.New(restore.Options{Store: after.store, Copies: after.backups, Catalog: after.catalog, Backups: after.backups, Kind: source.Lookup,
		Dir: after.dir, ScratchFolder: t.TempDir(), Installation: "0123456789ab", Log: quiet()})
	defer s.Close()
	for _, try := range []struct {
		u       models.Unlock
		outcome models.DrillOutcome
	}{{models.Unlock{}, models.DrillUnverified}, {key, models.DrillProven}} {
		d, err := s.Drill(t.Context(), models.DrillRequest{BackupID: b.ID, Unlock: try.u, Trigger: models.TriggerCLI})
		if err != nil || d.Outcome != try.outcome {
			t.Errorf("%s (%s), %v; want %s", d.Outcome, d.Reason, err, try.outcome)
		}
	}
	if m, err = after.store.Manifest(t.Context(), b.ID); err != nil || len(m.Inventory.Tables) != 2 {
		t.Errorf("after a drill with the key: %+v, %v", m.Inventory, err)
	}
}

func TestAnEncryptedFileWithoutItsManifestIsNamed(t *testing.T) {
	after, folder, b, _ := encrypted(t)
	remove(t, filepath.Join(folder, b.DriveFiles[0].Key+".json"))
	report := after.take(t, "drive 1")
	if len(after.list(t)) != 0 || !strings.Contains(problems(report)[b.FileName], "it is encrypted and has no manifest") || !strings.Contains(problems(report)[b.FileName], "--identity") {
		t.Errorf("got %+v", report)
	}
}

func TestASealedManifestTellsNoInventoryOfItsOwn(t *testing.T) {
	after, folder, b, _ := encrypted(t)
	path := filepath.Join(folder, b.DriveFiles[0].Key)
	text := files(t, folder)[filepath.ToSlash(b.DriveFiles[0].Key)+".json"]
	text = strings.Replace(text, `"Tables": null`, `"Tables": [{"Name": "made up", "Rows": 1, "Bytes": 1, "SHA256": ""}]`, 1)
	if !strings.Contains(text, "made up") {
		t.Fatal(text)
	}
	write(t, path+".json", text)
	after.take(t, "drive 1")
	m, err := after.store.Manifest(t.Context(), b.ID)
	if err != nil || slices.ContainsFunc(m.Inventory.Tables, func(d models.TableDigest) bool { return d.Name == "made up" }) {
		t.Errorf("%+v, %v", m.Inventory, err)
	}
}
