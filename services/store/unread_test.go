package store

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func testUnreadCopies(t *testing.T, s *Store) {
	ctx := t.Context()
	b := halfDone(t, s, configure(t, s))
	good, failed, at := b.DriveFiles[0], b.DriveFiles[1], models.Now()
	later := func(hours int) time.Time { return at.Add(time.Duration(hours) * time.Hour) }
	due := func(drive string, since time.Time) int { return len(value(s.UnreadCopies(ctx, drive, since, 5))(t)) }
	sampled := func() int { return len(value(s.SampleCopies(ctx, good.DriveID, later(99), 5))(t)) }
	copyNow := func() models.DriveFile { return value(s.Backup(ctx, b.ID))(t).DriveFiles[0] }
	equal(t, "copies that could not be read", due(good.DriveID, later(99)), 0)
	equal(t, "claiming one that can be read", value(s.ClaimUnread(ctx, good.ID, later(99), later(99)))(t), false)

	must(t, s.UnreadCopy(ctx, good.ID, at, "input/output error"))
	must(t, s.UnreadCopy(ctx, good.ID, later(1), "still"))
	must(t, s.UnreadCopy(ctx, failed.ID, at, "not there"))
	f := copyNow()
	sameTime(t, "since when", f.UnreadSince, at)
	sameTime(t, "when last", f.UnreadAt, later(1))
	equal(t, "how often", f.Unreads, 2)
	equal(t, "why", f.UnreadError, "still")
	equal(t, "of a failed copy", value(s.Backup(ctx, b.ID))(t).DriveFiles[1].Unreads, 0)
	equal(t, "copies that were tried lately", due(good.DriveID, later(1)), 0)
	equal(t, "copies that are due", due(good.DriveID, later(2)), 1)
	equal(t, "copies of another drive", due(failed.DriveID, later(99)), 0)
	equal(t, "the sample", sampled(), 0)
	_, err := s.NewestCopy(ctx, good.DriveID)
	wants(t, err, models.ErrNotFound)

	equal(t, "claiming", value(s.ClaimUnread(ctx, good.ID, later(2), later(3)))(t), true)
	equal(t, "claiming once more", value(s.ClaimUnread(ctx, good.ID, later(2), later(3)))(t), false)
	equal(t, "how often a claim counts", copyNow().Unreads, 2)

	readable := func(doing string) {
		t.Helper()
		if f := copyNow(); f.UnreadSince != nil || f.UnreadAt != nil || f.Unreads != 0 || f.UnreadError != "" {
			t.Errorf("after %s the copy is %+v", doing, f)
		}
	}
	must(t, s.VerifyCopy(ctx, good.ID, at))
	readable("a reading that worked")
	equal(t, "the sample then", sampled(), 1)
	must(t, s.UnreadCopy(ctx, good.ID, at, "again"))
	must(t, s.LoseCopy(ctx, models.LostCopy{BackupID: b.ID, DriveFileID: good.ID, Attempt: 1, HealAt: at}))
	readable("being lost")
}

// testUnreadAndMadeAgain: whoever makes a copy again knows nothing of the one before.
func testUnreadAndMadeAgain(t *testing.T, s *Store) {
	ctx, at := t.Context(), models.Now()
	b := halfDone(t, s, configure(t, s))
	good := b.DriveFiles[0]
	must(t, s.UnreadCopy(ctx, good.ID, at, "input/output error"))
	must(t, s.Requeue(ctx, b.ID, true))
	equal(t, "readings after another dump", value(s.Backup(ctx, b.ID))(t).DriveFiles[0].Unreads, 0)

	must(t, s.Claim(ctx, b.ID, "", "r2", time.Minute))
	done := models.DriveFileChange{Status: models.StatusFinished, VerifiedAt: &at}
	must(t, s.ChangeDriveFile(ctx, b.ID, good.ID, "r2", done))
	must(t, s.UnreadCopy(ctx, good.ID, at, "input/output error"))
	must(t, s.ChangeDriveFile(ctx, b.ID, good.ID, "r2", done))
	equal(t, "readings after it was made again", value(s.Backup(ctx, b.ID))(t).DriveFiles[0].Unreads, 0)
}

// testUpgradeOfSixth: also where an upgrade was broken off half way before, which MySQL keeps.
func testUpgradeOfSixth(t *testing.T, s *Store) {
	s.backTo(t, 6)
	at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	earlier(t, s, &backup0001{ID: "backup", JobID: "job", Slot: "s", Label: "l", Status: "finished", CreatedAt: at})
	earlier(t, s, &driveFile0001{ID: "copy", BackupID: "backup", DriveID: "nas", Status: "finished", CreatedAt: at})
	must(t, addColumns(s.db, &driveFile0007{}, "UnreadSince"))
	must(t, s.migrate(t.Context()))

	f := value(s.Backup(t.Context(), "backup"))(t).DriveFiles[0]
	if f.UnreadSince != nil || f.UnreadAt != nil || f.Unreads != 0 || f.UnreadError != "" {
		t.Errorf("an earlier version's copy became\n%+v", f)
	}
	equal(t, "the newest copy", value(s.NewestCopy(t.Context(), "nas"))(t).ID, "copy")
	must(t, s.UnreadCopy(t.Context(), "copy", at, "input/output error"))
	equal(t, "copies that could not be read", len(value(s.UnreadCopies(t.Context(), "nas", models.Now(), 5))(t)), 1)
}
