package store

import (
	"testing"
	"time"

	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

func testMigrateTwice(t *testing.T, s *Store) {
	b := configure(t, s).inserted(t, s, slot(1))
	current := value(s.isCurrent(t.Context()))(t)
	equal(t, "being current after Open", current, true)
	must(t, s.migrate(t.Context()))

	// A migration that was broken off has made its tables without being noted.
	must(t, s.db.Exec("DELETE FROM migrations").Error)
	must(t, s.migrate(t.Context()))
	equal(t, "being current after going on", value(s.isCurrent(t.Context()))(t), true)
	value(s.Backup(t.Context(), b.ID))(t)
}

func testTooNew(t *testing.T, s *Store) {
	must(t, s.db.Exec("INSERT INTO migrations (id) VALUES ('9999_from_the_future')").Error)
	err := s.migrate(t.Context())
	wants(t, err, models.ErrConflict)
	mentions(t, err, "newer version")
}

// backTo empties the database and makes the tables of an earlier version.
func (s *Store) backTo(t *testing.T, version int) {
	t.Helper()
	for _, table := range value(s.db.Migrator().GetTables())(t) {
		must(t, s.db.Migrator().DropTable(table))
	}
	must(t, s.migrateTo(t.Context(), migrations()[:version]))
}

// earlier inserts a row as an earlier version did, but for what the database computes.
func earlier(t *testing.T, s *Store, row any) {
	t.Helper()
	must(t, s.db.Omit("Proven", clause.Associations).Create(row).Error)
}

func testUpgradeOf(version int) func(*testing.T, *Store) {
	return func(t *testing.T, s *Store) {
		s.backTo(t, version)
		at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
		minutes := func(n int) *time.Time { later := at.Add(time.Duration(n) * time.Minute); return &later }
		backup := func(id string, proven *time.Time) {
			earlier(t, s, &backup0001{ID: id, JobID: "job", Slot: id, Label: "l", Status: "finished", CreatedAt: at, DumpedAt: minutes(1), ProvenAt: proven})
		}
		drill := func(backup, outcome string, minute int) {
			earlier(t, s, &drill0001{ID: models.NewID(), BackupID: backup, Outcome: outcome, Reason: "because", Duration: 7, CreatedAt: *minutes(minute)})
		}
		earlier(t, s, &job0001{ID: "job", Label: "nightly", DriveIDs: "[]", CreatedAt: at})
		earlier(t, s, &driveFile0001{ID: "copy", BackupID: "proven", Status: "finished", CreatedAt: at})
		backup("proven", minutes(3))
		drill("proven", "disproven", 2)
		drill("proven", "proven", 3)
		backup("wrong", nil)
		drill("wrong", "proven", 2)
		drill("wrong", "disproven", 3)
		drill("wrong", "unverified", 4)
		backup("dumped again", nil)
		drill("dumped again", "disproven", 0)
		backup("untried", nil)
		must(t, s.migrate(t.Context()))

		upgradedDrills(t, s, minutes)
		upgradedBackups(t, s, minutes)
		job := value(s.Job(t.Context(), "job"))(t)
		equal(t, "the job's drills", job.DrillCron+job.DrillScratch, "")
		value(s.HealDue(t.Context(), here, models.Now(), 1))(t)
	}
}

func testUpgradeOfThird(t *testing.T, s *Store) {
	s.backTo(t, 3)
	at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	earlier(t, s, &job0001{ID: "job", Label: "nightly", DriveIDs: "[]", CreatedAt: at})
	earlier(t, s, &backup0001{ID: "backup", JobID: "job", Slot: "s", Label: "l", Status: "finished", CreatedAt: at})
	before := models.Now()
	must(t, s.migrate(t.Context()))

	job := value(s.Job(t.Context(), "job"))(t)
	if job.SlotsFrom == nil || job.SlotsFrom.Before(before) || job.LastSlot != nil || job.PausedAt != nil {
		t.Errorf("the schedule of an earlier version became\n%+v", job)
	}
	if job.Keeps() || job.RetentionAt != nil {
		t.Errorf("an earlier version's job has rules of retention: %+v", job)
	}
	backup := value(s.Backup(t.Context(), "backup"))(t)
	equal(t, "being pinned", backup.Pinned(models.Now()), false)
	equal(t, "where the spool is", backup.SpoolNode, "")
}

func testUpgradeOfFourth(t *testing.T, s *Store) {
	s.backTo(t, 4)
	at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	earlier(t, s, &job0001{ID: "job", Label: "nightly", DriveIDs: "[]", CreatedAt: at})
	earlier(t, s, &backup0001{ID: "backup", JobID: "job", Slot: "s", Label: "l", Status: "finished", CreatedAt: at})
	must(t, s.migrate(t.Context()))

	job := value(s.Job(t.Context(), "job"))(t)
	if job.Encryption.On() || job.KitAt != nil || job.KitFor != "" {
		t.Errorf("an earlier version's job became an encrypted one: %+v", job)
	}
	equal(t, "how the backup is encrypted", value(s.Backup(t.Context(), "backup"))(t).Encryption, "")
	equal(t, "being claimed", value(s.HasOwner(t.Context()))(t), false)
	must(t, s.InsertUser(t.Context(), person("anna", models.RoleOwner), nil))
	equal(t, "being claimed then", value(s.HasOwner(t.Context()))(t), true)
}

// testUpgradeOfFifth: also where an upgrade was broken off half way before, which MySQL keeps.
func testUpgradeOfFifth(t *testing.T, s *Store) {
	s.backTo(t, 5)
	at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	later := at.Add(300 * time.Millisecond)
	earlier(t, s, &job0001{ID: "job", Label: "nightly", DriveIDs: "[]", CreatedAt: at})
	for id, proven := range map[string]*time.Time{"plain": nil, "proven": &later} {
		earlier(t, s, &backup0001{ID: id, JobID: "job", Slot: id, SourceID: "source", Label: "l", Status: "finished", CreatedAt: at, ProvenAt: proven})
		earlier(t, s, &driveFile0001{ID: "copy of " + id, BackupID: id, DriveID: "nas", Status: "finished", CreatedAt: later})
	}
	earlier(t, s, &driveFile0001{ID: "copy of none", BackupID: "none", DriveID: "nas", Status: "finished", CreatedAt: later})
	must(t, createTables(s.db, &planItem0006{}))
	must(t, addColumns(s.db, &backup0006{}, "TablesDone", "Pinned"))
	must(t, addIndexes(s.db, &backup0006{}, string(byPin)))
	must(t, s.migrate(t.Context()))

	for _, f := range []models.BackupFilter{{DriveID: "nas"}, {SourceID: "source"}, {DriveID: "nas", Until: at.Add(time.Microsecond)}} {
		found := value(s.Backups(t.Context(), f, models.Cursor{}, 10))(t)
		equal(t, "the number of backups", len(found), 2)
		equal(t, "when the copy was made", found[0].DriveFiles[0].CreatedAt, at)
	}
	proven := value(s.Backups(t.Context(), models.BackupFilter{Proof: models.ProofProven}, models.Cursor{}, 10))(t)
	equal(t, "the number of the proven", len(proven), 1)
	if b := proven[0]; b.ID != "proven" || b.TablesTotal != 0 || b.CancelAskedAt != nil {
		t.Errorf("an earlier version's backup became\n%+v", b)
	}
	equal(t, "the number of the pinned", len(value(s.Backups(t.Context(), models.BackupFilter{Pinned: true}, models.Cursor{}, 10))(t)), 0)
	equal(t, "the revision of what is set up", value(s.PlanRevision(t.Context()))(t), firstPlan)
}

func upgradedDrills(t *testing.T, s *Store, minutes func(int) *time.Time) {
	t.Helper()
	drills := value(s.Drills(t.Context(), "proven"))(t)
	equal(t, "the number of drills", len(drills), 2)
	d := drills[0]
	sameTime(t, "SettledAt", d.SettledAt, *minutes(3))
	equal(t, "the level", d.Level, models.LevelEquals)
	equal(t, "the scratch database", d.Scratch, models.ScratchTemporary)
	equal(t, "the job", d.JobID, "job")
	equal(t, "the duration", d.Duration, 7)
	equal(t, "the level of one that disproved", drills[1].Level, models.LevelNone)
	equal(t, "the number of drills that run", len(value(s.RunningDrills(t.Context()))(t)), 0)
}

func upgradedBackups(t *testing.T, s *Store, minutes func(int) *time.Time) {
	t.Helper()
	backup := func(id string) models.Backup { return value(s.Backup(t.Context(), id))(t) }
	proven := backup("proven")
	sameTime(t, "ProvenAt", proven.ProvenAt, *minutes(3))
	sameTime(t, "DrilledAt", proven.DrilledAt, *minutes(3))
	equal(t, "the level", proven.ProofLevel, models.LevelEquals)
	equal(t, "being good", proven.Good(), true)
	equal(t, "the checksum", proven.CRC64, "")
	equal(t, "the old copy's heals", proven.DriveFiles[0].Heals, 0)

	wrong := backup("wrong")
	sameTime(t, "DisprovenAt", wrong.DisprovenAt, *minutes(3))
	sameTime(t, "DrilledAt of the disproven", wrong.DrilledAt, *minutes(4))
	equal(t, "the level of the disproven", wrong.ProofLevel, models.LevelNone)
	alarms := value(s.UnseenAlarms(t.Context(), "job"))(t)
	equal(t, "the number of alarms", len(alarms), 1)
	equal(t, "the alarm's backup", alarms[0].BackupID, "wrong")
	equal(t, "the alarm's sentence", alarms[0].Sentence, "because")
	equal(t, "the alarm's moment", alarms[0].CreatedAt, *minutes(3))

	for _, id := range []string{"dumped again", "untried"} {
		if b := backup(id); b.DisprovenAt != nil || b.DrilledAt != nil || b.ProofLevel != models.LevelNone {
			t.Fatalf("the backup that was %s became\n%+v", id, b)
		}
	}
}
