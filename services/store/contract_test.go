package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// contract is what the rest of the program relies on, whatever the engine.
// open returns a store of its own, without rows.
func contract(t *testing.T, open func(t *testing.T) *Store) {
	for name, test := range map[string]func(*testing.T, *Store){
		"a backup reads back as it was written": testInsertAndRead,
		"a backup needs its job":                testInsertNeedsJob,
		"a job has one pending backup":          testOnePending,
		"a slot is taken once":                  testSlotOnce,
		"slots are handled in order":            testSlotsInOrder,
		"slots that are given up":               testSkipSlots,
		"slots that have a backup":              testStartedSlots,
		"racing to start and to give up":        testRaceSlots,
		"slots of a clock that was wrong":       testSlotsOfAWrongClock,
		"since when slots count":                testSlotsFrom,
		"since when rules hold":                 testRulesSince,
		"pausing a job":                         testPause,
		"recovery kits":                         testKits,
		"opening a sealed manifest":             testOpenManifest,
		"racing for one slot":                   testRaceOneSlot,
		"racing for one job":                    testRaceOneJob,
		"racing retries leave one pending":      testRaceRequeue,
		"claims":                                testClaim,
		"progress of a copy":                    testCopySize,
		"racing claims":                         testRaceClaim,
		"the queue":                             testQueue,
		"held leases":                           testHeld,
		"a wrong clock":                         testWrongClock,
		"a wrong clock of restores and drills":  testWrongClockOfRuns,
		"limits":                                testLimits,
		"racing for the last place":             testRaceLimits,
		"backups whose window has closed":       testOverdue,
		"putting back":                          testPutBack,
		"handing over":                          testHandOver,
		"healing elsewhere":                     testHealElsewhere,
		"what is shared":                        testSharedFact,
		"progress":                              testProgress,
		"cancelling":                            testCancel,
		"a dump and its manifest":               testRecordDump,
		"a copy":                                testChangeDriveFile,
		"settling":                              testSettle,
		"the lease fences":                      testFence,
		"retry of the copies":                   testRequeueCopies,
		"retry of the dump":                     testRequeueDump,
		"only a failed backup is retried":       testRequeueConflicts,
		"logs":                                  testLogs,
		"the end of a log":                      testLogFrom,
		"text of any origin":                    testAnyText,
		"the newest finished":                   testLastFinished,
		"backups by the beginning of an id":     testBackupsByPrefix,
		"runners":                               testRunners,
		"pages":                                 testPages,
		"filters":                               testFilters,
		"a job on a drive":                      testJobOnDrive,
		"the walk":                              testWalk,
		"the plan creates, changes, removes, returns": testPlan,
		"the plan names what is missing":              testPlanMissing,
		"the plan in a race":                          testPlanRace,
		"labels":                                      testLabels,
		"what people set up":                          testPlanItems,
		"what is not set up":                          testPlanItemsRefused,
		"removing what was set up":                    testRemovePlanItem,
		"a plan that is outdated":                     testOutdatedPlan,
		"racing to set something up":                  testRacePlanItems,
		"summaries":                                   testSummaries,
		"runs of the past":                            testRunPoints,
		"the newest missed slots":                     testNewestMissed,
		"what drives held":                            testDriveUsages,
		"the newest with a copy":                      testNewestWithCopy,
		"a drill inserted when it has ended":          testDrillsInsertedEnded,
		"a drill settles":                             testDrillSettles,
		"what drills leave of a backup":               testDrillOutcomes,
		"a drill that disproves raises an alarm":      testDrillAlarm,
		"progress of a drill":                         testDrillProgress,
		"a drill that waits for a runner":             testDrillOfNobody,
		"a backup is drilled once at a time":          testDrillOnce,
		"drills of many backups at once":              testDrillsAtOnce,
		"lists of drills":                             testDrillLists,
		"a drill of a dump that is made again":        testDrillOfOldDump,
		"slots of drills":                             testDrillSlots,
		"racing for a slot of drills":                 testRaceDrillSlot,
		"a restore settles":                           testRestoreSettles,
		"what a restore measures":                     testRestoreTook,
		"progress of a restore":                       testRestoreProgress,
		"a target is restored into once at a time":    testRestoreOnce,
		"lists of restores":                           testRestoreLists,
		"alarms":                                      testAlarms,
		"download links":                              testLinks,
		"racing for a download link":                  testRaceLink,
		"lists of some jobs":                          testJobFilters,
		"racing alarms":                               testRaceAlarm,
		"manifests of earlier backups":                testManifestsBefore,
		"adopting a backup":                           testAdopt,
		"what is not adopted":                         testAdoptRefused,
		"racing adoptions":                            testRaceAdopt,
		"adopting a job":                              testAdoptJob,
		"racing for an adopted job":                   testRaceAdoptJob,
		"healing":                                     testHealing,
		"healing a drive":                             testHealDrive,
		"healing a drive's old backups":               testHealDriveOfOldBackups,
		"healing here":                                testTakeFailed,
		"heals do not hold up the next backup":        testHealsBeside,
		"losing a copy":                               testLoseCopy,
		"the newest copy":                             testNewestCopy,
		"samples":                                     testSamples,
		"copies that cannot be read":                  testUnreadCopies,
		"copies that are made again":                  testUnreadAndMadeAgain,
		"checks of drives":                            testDriveChecks,
		"uploads do not hold up the next backup":      testUploadsBeside,
		"the installation's id":                       testInstallation,
		"removing copies":                             testPruneJob,
		"removing what is not there":                  testPruneRefuses,
		"what retention looks at":                     testRetentionSnapshot,
		"racing to remove and to read":                testRacePruneRead,
		"removals":                                    testRemovals,
		"racing for removals":                         testRaceRemovals,
		"pins":                                        testPins,
		"copies that vanish":                          testVanishedCopies,
		"adopting what is being removed":              testAdoptBeingRemoved,
		"changing what is shared":                     testReplaceFact,
		"accounts":                                    testUsers,
		"accounts of the identity provider":           testExternalUsers,
		"the last owner":                              testLastOwner,
		"racing to take the last owner away":          testRaceLastOwner,
		"a hundred who want to be the first owner":    testRaceClaim100,
		"invitations":                                 testInvitations,
		"racing for an invitation":                    testRaceInvitation,
		"inviting anew":                               testReinvite,
		"sessions":                                    testSessions,
		"a session of a full account":                 testSessionOfAFullAccount,
		"a session in place of another":               testReplaceSession,
		"racing to replace a session":                 testRaceReplaceSession,
		"when sessions were seen":                     testTouchSessions,
		"what has expired":                            testDropExpired,
		"limits of sign-ins":                          testSignInLimits,
		"a thousand sign-ins at once":                 testRaceSignInLimits,
		"API keys":                                    testAPIKeys,
		"the audit log":                               testAuditLog,
		"an audit log of many pages":                  testLongAuditLog,
		"sealing anew":                                testReseal,
		"stored secrets":                              testStoredSecrets,
		"events and who is told":                      testAnnounce,
		"racing to tell of an event":                  testRaceAnnounce,
		"sending notifications":                       testSendNotifications,
		"racing to send notifications":                testRaceNotifications,
		"old notifications":                           testDropNotifications,
		"what has happened":                           testHappened,
		"what was told before":                        testEarlierEvents,
		"migrating twice":                             testMigrateTwice,
		"upgrading the first version":                 testUpgradeOf(1),
		"upgrading the second version":                testUpgradeOf(2),
		"upgrading the third version":                 testUpgradeOfThird,
		"upgrading the fourth version":                testUpgradeOfFourth,
		"upgrading the fifth version":                 testUpgradeOfFifth,
		"upgrading the sixth version":                 testUpgradeOfSixth,
		"a newer version's database":                  testTooNew,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// fixture is a configured job with what it needs.
type fixture struct {
	job    models.Job
	drives []models.Drive
}

func plan(jobs ...string) models.Plan {
	p := models.Plan{
		Sources: []models.Source{{Label: "shop", Provider: "sqlite", Settings: models.Settings{"db_path": "/srv/shop.db"}}},
		Drives: []models.Drive{
			{Label: "nas", Provider: "local", Settings: models.Settings{"folder": "/mnt/nas"}},
			{Label: "usb", Provider: "local", Settings: models.Settings{"folder": "/mnt/usb"}},
		},
	}
	for _, label := range jobs {
		p.Jobs = append(p.Jobs, models.PlannedJob{
			Job:    models.Job{Label: label, Cron: "0 3 * * *", Timezone: "Europe/Paris", Compression: models.CompressionZstd},
			Source: "shop", Drives: []string{"usb", "nas"},
		})
	}
	return p
}

func configure(t *testing.T, s *Store) fixture {
	t.Helper()
	must(t, s.ApplyPlan(t.Context(), plan("nightly")))
	return fixture{job: value(s.JobByLabel(t.Context(), "nightly"))(t), drives: value(s.Drives(t.Context()))(t)}
}

// backup returns a pending backup of the fixture's job, with two drive files.
func (f fixture) backup(slot string) models.Backup {
	id := models.NewID()
	b := models.Backup{
		ID: id, JobID: f.job.ID, Label: f.job.Label, SourceID: f.job.SourceID, Slot: slot,
		Trigger: models.TriggerSchedule, Attempt: 1, Status: models.StatusPending, Phase: models.PhaseQueued,
		FileName: "nightly-" + models.ShortID(id) + ".sqlite.zst", CreatedAt: models.Now(),
	}
	for _, d := range f.drives {
		b.DriveFiles = append(b.DriveFiles, models.DriveFile{
			ID: models.NewID(), BackupID: id, DriveID: d.ID, Provider: d.Provider, Label: b.FileName,
			Key: "nightly/" + b.FileName, Status: models.StatusPending, CreatedAt: b.CreatedAt,
		})
	}
	return b
}

// inserted is a backup that the store holds.
func (f fixture) inserted(t *testing.T, s *Store, slot string) models.Backup {
	t.Helper()
	b := f.backup(slot)
	must(t, s.InsertBackup(t.Context(), b))
	return b
}

// claimed is a backup that a runner holds.
func (f fixture) claimed(t *testing.T, s *Store, slot, runner string) models.Backup {
	t.Helper()
	b := f.inserted(t, s, slot)
	must(t, s.Claim(t.Context(), b.ID, "", runner, soon))
	return b
}

// settled is a backup that ended.
func (f fixture) settled(t *testing.T, s *Store, slot string, status models.Status) models.Backup {
	t.Helper()
	b := f.claimed(t, s, slot, "r1")
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: status, Error: reason(status), At: models.Now()}))
	return b
}

func reason(status models.Status) string {
	if status == models.StatusFailed {
		return "the dump tool stopped"
	}
	return ""
}

// soon is how long leases of tests last.
const soon = time.Minute

// here is where the runners of tests ask for work from.
var here = models.Place{Node: "here", Patience: time.Minute}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// value returns what gives the value, or ends the test when there was an error.
func value[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wants(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want an error of the kind %q", err, kind)
	}
	var told *models.Fault
	if !errors.As(err, &told) {
		t.Fatalf("%v is not a sentence for a person", err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func sameTime(t *testing.T, what string, got *time.Time, want time.Time) {
	t.Helper()
	if got == nil || *got != want {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

// race runs n calls at once and returns how many had no error. Every error
// must be a conflict.
func race(t *testing.T, n int, call func(i int) error) int {
	t.Helper()
	var won atomic.Int32
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := call(i)
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, models.ErrConflict):
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(won.Load())
}

func slot(i int) string {
	return time.Date(2025, 7, 2, 10, 0, i, 0, time.UTC).Format(time.RFC3339)
}

func mentions(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Fatalf("%q does not mention %q", fmt.Sprint(err), word)
		}
	}
}
