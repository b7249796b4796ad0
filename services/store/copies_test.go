package store

import (
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// unhealed is a backup as halfDone makes it whose bad copy is healed at a moment.
func unhealed(t *testing.T, s *Store, f fixture, at time.Time) models.Backup {
	t.Helper()
	b := halfDone(t, s, f)
	must(t, s.Requeue(t.Context(), b.ID, false))
	must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
	must(t, s.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[1].ID, "r1",
		models.DriveFileChange{Status: models.StatusFailed, Error: "unplugged", HealAt: &at, Heals: 3}))
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFailed, Error: "usb: unplugged", At: models.Now()}))
	return value(s.Backup(t.Context(), b.ID))(t)
}

func testHealing(t *testing.T, s *Store) {
	at := models.Now()
	b := unhealed(t, s, configure(t, s), at)
	sameTime(t, "when it heals", b.DriveFiles[1].HealAt, at)
	equal(t, "the heals", b.DriveFiles[1].Heals, 3)
	due := func(now time.Time) int { return len(value(s.HealDue(t.Context(), here, now, 10))(t)) }
	equal(t, "what is due before", due(at.Add(-time.Second)), 0)
	equal(t, "what is due then", due(at), 1)

	must(t, s.PostponeHeal(t.Context(), b.ID, at.Add(time.Hour)))
	equal(t, "what is due after it was put off", due(at), 0)
	equal(t, "what is due an hour later", due(at.Add(time.Hour)), 1)
	equal(t, "the heals after it was put off", value(s.Backup(t.Context(), b.ID))(t).DriveFiles[1].Heals, 4)
	must(t, s.PostponeHeal(t.Context(), b.ID, time.Time{}))
	equal(t, "what is due after it was given up", due(at.Add(time.Hour)), 0)

	drive := b.DriveFiles[1].DriveID
	must(t, s.HealDrive(t.Context(), drive, at.Add(time.Hour), at))
	equal(t, "what is due of backups since then", due(at), 0)
	must(t, s.HealDrive(t.Context(), drive, at.Add(-time.Hour), at))
	equal(t, "what is due once the drive works again", due(at), 1)
	equal(t, "the failed copies", len(value(s.FailedCopies(t.Context(), drive, at.Add(-time.Hour), 5))(t)), 1)
	equal(t, "the failed copies since then", len(value(s.FailedCopies(t.Context(), drive, at.Add(time.Hour), 5))(t)), 0)

	must(t, s.Requeue(t.Context(), b.ID, false))
	equal(t, "what is due while it is being healed", due(at), 0)
	if file := value(s.Backup(t.Context(), b.ID))(t).DriveFiles[1]; file.HealAt != nil {
		t.Fatalf("the copy that is made now is healed at %v", file.HealAt)
	}
}

// A copy that gave up, or that has no proven dump, is not made due by a drive that works.
func testHealDrive(t *testing.T, s *Store) {
	f, at := configure(t, s), models.Now()
	b := unhealed(t, s, f, at)
	drive := b.DriveFiles[1].DriveID
	must(t, s.PostponeHeal(t.Context(), b.ID, time.Time{}))
	for range models.MaxHeals {
		must(t, s.db.Exec("UPDATE drive_files SET heals = heals + 1 WHERE id = ?", b.DriveFiles[1].ID).Error)
	}
	undumped := f.claimed(t, s, slot(7), "r1")
	must(t, s.ChangeDriveFile(t.Context(), undumped.ID, undumped.DriveFiles[1].ID, "r1", models.DriveFileChange{Status: models.StatusFailed}))
	must(t, s.Settle(t.Context(), undumped.ID, "r1", models.Settlement{Status: models.StatusFailed, At: at}))
	must(t, s.HealDrive(t.Context(), drive, at.Add(-time.Hour), at))
	for _, id := range []string{b.ID, undumped.ID} {
		if file := value(s.Backup(t.Context(), id))(t).DriveFiles[1]; file.HealAt != nil {
			t.Fatalf("a copy that is not to be healed heals at %v", file.HealAt)
		}
	}
	must(t, s.Requeue(t.Context(), b.ID, false))
	equal(t, "the heals after a person asked", value(s.Backup(t.Context(), b.ID))(t).DriveFiles[1].Heals, 0)
}

// An old copy that was lost lately is healed as one that failed lately.
func testHealDriveOfOldBackups(t *testing.T, s *Store) {
	at := models.Now()
	b := halfDone(t, s, configure(t, s))
	old := at.Add(-60 * 24 * time.Hour)
	must(t, s.db.Exec("UPDATE drive_files SET created_at = ?, updated_at = ?", old, old).Error)
	lost := models.LostCopy{BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, Attempt: 1, HealAt: at}
	must(t, s.LoseCopy(t.Context(), lost))
	must(t, s.PostponeHeal(t.Context(), b.ID, time.Time{}))
	for i, file := range b.DriveFiles {
		must(t, s.HealDrive(t.Context(), file.DriveID, at.Add(-time.Hour), at))
		due := value(s.Backup(t.Context(), b.ID))(t).DriveFiles[i].HealAt != nil
		equal(t, "that the copy is due on drive "+file.DriveID, due, i == 0)
	}
}

func testTakeFailed(t *testing.T, s *Store) {
	b := unhealed(t, s, configure(t, s), models.Now())
	must(t, s.TakeFailed(t.Context(), b.ID, "r2", soon))
	wants(t, s.TakeFailed(t.Context(), b.ID, "r3", soon), models.ErrConflict)
	got := value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the status", got.Status, models.StatusPending)
	equal(t, "the owner", got.LeaseOwner, "r2")
	equal(t, "the attempt", got.Attempt, b.Attempt+1)
	equal(t, "the bad copy", got.DriveFiles[1].Status, models.StatusPending)
	equal(t, "the heals", got.DriveFiles[1].Heals, 3)
	equal(t, "the good copy", got.DriveFiles[0].Status, models.StatusFinished)
	_, err := s.NextToCopy(t.Context(), here)
	wants(t, err, models.ErrNotFound)
	value(s.Renew(t.Context(), b.ID, "r2", soon, models.Progress{Phase: models.PhaseUploading}))(t)
}

// Copies that are made again wait in a queue of their own, and hold up no new backup.
func testHealsBeside(t *testing.T, s *Store) {
	f := configure(t, s)
	for i := range maxPending + 1 {
		b := f.claimed(t, s, slot(i), "r1")
		must(t, s.RecordDump(t.Context(), b.ID, "r1", models.DumpFacts{Size: 1, SHA256: "d", DumpedAt: models.Now()}, sampleManifest(b.ID)))
		must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFailed, At: models.Now()}))
		must(t, s.Requeue(t.Context(), b.ID, false))
		if i%2 == 0 {
			must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
			must(t, s.Begin(t.Context(), b.ID, "r1", models.Now().Add(time.Second)))
			value(s.Renew(t.Context(), b.ID, "r1", soon, models.Progress{Phase: models.PhaseUploading}))(t)
		}
	}
	first := value(s.NextToCopy(t.Context(), here))(t)
	equal(t, "the first to be copied", first.Slot, slot(1))
	_, err := s.nextToDump(t.Context())
	wants(t, err, models.ErrNotFound)
	b := f.inserted(t, s, slot(50))
	equal(t, "the first to be dumped", value(s.nextToDump(t.Context()))(t).ID, b.ID)
	wants(t, s.Requeue(t.Context(), b.ID, true), models.ErrConflict)
}

func testLoseCopy(t *testing.T, s *Store) {
	f := configure(t, s)
	b := halfDone(t, s, f)
	good, at := b.DriveFiles[0], models.Now()
	must(t, s.db.Exec("UPDATE backups SET status = ?, dump_path = ?", models.StatusFinished, *good.Path).Error)
	lost := models.LostCopy{BackupID: b.ID, DriveFileID: good.ID, Attempt: 1, Error: "damaged", BackupError: "the copy on usb is damaged", HealAt: at}
	earlier := lost
	earlier.Attempt = 0
	wants(t, s.LoseCopy(t.Context(), earlier), models.ErrConflict)
	equal(t, "the status after a look at an earlier attempt", value(s.Backup(t.Context(), b.ID))(t).Status, models.StatusFinished)

	must(t, s.LoseCopy(t.Context(), lost))
	b = value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the status", b.Status, models.StatusFailed)
	equal(t, "the error", b.Error, "the copy on usb is damaged")
	equal(t, "the copy's status", b.DriveFiles[0].Status, models.StatusFailed)
	equal(t, "the copy's error", b.DriveFiles[0].Error, "damaged")
	sameTime(t, "when it heals", b.DriveFiles[0].HealAt, at)
	if b.DumpPath != nil {
		t.Fatalf("the dump is said to be at %s", *b.DumpPath)
	}
	lost.BackupError = "found once more"
	wants(t, s.LoseCopy(t.Context(), lost), models.ErrConflict)
	equal(t, "the error after a second look", value(s.Backup(t.Context(), b.ID))(t).Error, "the copy on usb is damaged")

	// A good copy that is lost is made again and told of, also of a backup whose run was ended
	// before it had made the others.
	cancelled := f.claimed(t, s, slot(6), "r1")
	whole := cancelled.DriveFiles[0]
	must(t, s.RecordDump(t.Context(), cancelled.ID, "r1", models.DumpFacts{DumpedAt: at}, models.Manifest{}))
	must(t, s.ChangeDriveFile(t.Context(), cancelled.ID, whole.ID, "r1", models.DriveFileChange{Status: models.StatusFinished, VerifiedAt: &at}))
	must(t, s.ChangeDriveFile(t.Context(), cancelled.ID, cancelled.DriveFiles[1].ID, "r1", models.DriveFileChange{Status: models.StatusFailed}))
	must(t, s.AskBackupCancel(t.Context(), cancelled.ID))
	must(t, s.Settle(t.Context(), cancelled.ID, "r1", models.Settlement{Status: models.StatusFailed, Error: "cancelled", At: at}))
	due := func() bool { return slices.Contains(value(s.HealDue(t.Context(), here, at, 10))(t), cancelled.ID) }
	equal(t, "a cancelled backup being healed by itself", due(), false)
	must(t, s.LoseCopy(t.Context(), models.LostCopy{BackupID: cancelled.ID, DriveFileID: whole.ID, Attempt: 1, Error: "damaged", BackupError: "the copy on usb is damaged", HealAt: at}))
	equal(t, "one that lost a copy being healed", due(), true)

	running := f.claimed(t, s, slot(7), "r1")
	lost = models.LostCopy{BackupID: running.ID, DriveFileID: running.DriveFiles[0].ID, Attempt: 1, HealAt: at}
	wants(t, s.LoseCopy(t.Context(), lost), models.ErrConflict)
}

// The newest copy is that of the newest backup, not the one that was read last.
func testNewestCopy(t *testing.T, s *Store) {
	f := configure(t, s)
	var newest models.DriveFile
	for i := range 3 {
		b := f.claimed(t, s, slot(i), "r1")
		newest = b.DriveFiles[0]
		at := models.Now().Add(-time.Duration(i) * time.Hour)
		must(t, s.ChangeDriveFile(t.Context(), b.ID, newest.ID, "r1", models.DriveFileChange{Status: models.StatusFinished, VerifiedAt: &at}))
		must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFinished, At: at}))
	}
	equal(t, "the newest copy", value(s.NewestCopy(t.Context(), newest.DriveID))(t).ID, newest.ID)
}

func testSamples(t *testing.T, s *Store) {
	b := halfDone(t, s, configure(t, s))
	copy, other := b.DriveFiles[0], b.DriveFiles[1]
	at := *copy.VerifiedAt
	sample := func(drive string, since time.Time) int {
		return len(value(s.SampleCopies(t.Context(), drive, since, 5))(t))
	}
	equal(t, "copies that were read long ago", sample(copy.DriveID, at), 0)
	equal(t, "copies that were read before", sample(copy.DriveID, at.Add(time.Second)), 1)
	equal(t, "failed copies", sample(other.DriveID, at.Add(time.Second)), 0)
	equal(t, "the newest copy", value(s.NewestCopy(t.Context(), copy.DriveID))(t).ID, copy.ID)
	_, err := s.NewestCopy(t.Context(), other.DriveID)
	wants(t, err, models.ErrNotFound)

	must(t, s.VerifyCopy(t.Context(), copy.ID, at.Add(time.Hour)))
	must(t, s.VerifyCopy(t.Context(), other.ID, at.Add(time.Hour)))
	b = value(s.Backup(t.Context(), b.ID))(t)
	sameTime(t, "when the copy was read", b.DriveFiles[0].VerifiedAt, at.Add(time.Hour))
	if b.DriveFiles[1].VerifiedAt != nil {
		t.Fatal("a failed copy counts as read back")
	}

	// One that was adopted by its manifest was never read back.
	must(t, s.db.Model(&models.DriveFile{}).Where("id = ?", copy.ID).Update("verified_at", nil).Error)
	equal(t, "copies that were never read", sample(copy.DriveID, at), 1)
}

func testDriveChecks(t *testing.T, s *Store) {
	f := configure(t, s)
	drive, at := f.drives[0].ID, models.Now()
	claim := func(since, now time.Time) bool {
		return value(s.ClaimDriveCheck(t.Context(), drive, since, now))(t)
	}
	equal(t, "the first claim", claim(at.Add(-time.Hour), at), true)
	equal(t, "a second one", claim(at.Add(-time.Hour), at), false)
	equal(t, "the checks before one has ended", len(value(s.DriveChecks(t.Context()))(t)), 0)
	must(t, s.SaveDriveCheck(t.Context(), models.DriveCheck{DriveID: drive, CheckedAt: at, GoodAt: &at, Free: 5, Total: 9}))
	must(t, s.SaveDriveCheck(t.Context(), models.DriveCheck{DriveID: drive, CheckedAt: at.Add(time.Minute), Error: "sign in again", NeedsSignIn: true, Free: -1, Total: -1}))
	check := value(s.DriveChecks(t.Context()))(t)[drive]
	equal(t, "the error", check.Error, "sign in again")
	equal(t, "the need to sign in", check.NeedsSignIn, true)
	equal(t, "the free space", check.Free, -1)
	sameTime(t, "when it was good", check.GoodAt, at)
	equal(t, "a claim when it is due again", claim(at.Add(time.Hour), at.Add(time.Hour)), true)

	wins := race(t, 8, func(int) error {
		won, err := s.ClaimSample(t.Context(), drive, at, at.Add(time.Second))
		if err == nil && !won {
			return models.Conflictf("another one was first")
		}
		return err
	})
	equal(t, "the winners of a sample", wins, 1)

	past := at.Add(-48 * time.Hour) // the clock was two days ahead, and was mended
	equal(t, "a claim once the clock is right", claim(past.Add(-time.Hour), past), true)
	equal(t, "a second one then", claim(past.Add(-time.Hour), past), false)
	equal(t, "a sample once the clock is right", value(s.ClaimSample(t.Context(), drive, past.Add(-time.Hour), past))(t), true)

	halfDone(t, s, f)
	totals := value(s.DriveTotals(t.Context()))(t)
	equal(t, "what the first drive holds", totals[f.drives[0].ID], models.DriveTotals{DriveID: f.drives[0].ID, Finished: 1, Bytes: 90})
	equal(t, "what the second drive holds", totals[f.drives[1].ID], models.DriveTotals{DriveID: f.drives[1].ID, Failed: 1})
}

func testUploadsBeside(t *testing.T, s *Store) {
	f := configure(t, s)
	for i := range maxPending {
		b := f.claimed(t, s, slot(i), "r1")
		wants(t, s.InsertBackup(t.Context(), f.backup(slot(50+i))), models.ErrConflict)
		must(t, s.RecordDump(t.Context(), b.ID, "r1", models.DumpFacts{Size: 1, SHA256: "d", CRC64: "c", DumpedAt: models.Now()}, sampleManifest(b.ID)))
		equal(t, "the second checksum", value(s.Backup(t.Context(), b.ID))(t).CRC64, "c")
	}
	err := s.InsertBackup(t.Context(), f.backup(slot(60)))
	wants(t, err, models.ErrConflict)
	mentions(t, err, "still being uploaded")
}

func testInstallation(t *testing.T, s *Store) {
	id := value(s.Installation(t.Context()))(t)
	if len(id) < 8 {
		t.Fatalf("the id is %q", id)
	}
	equal(t, "the id later", value(s.Installation(t.Context()))(t), id)
}
