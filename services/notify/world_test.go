package notify_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/services/store"
)

// world is an installation with a job on a drive, a real store, a schedule and a clock that
// tests turn, and a webhook that keeps what it got.
type world struct {
	t     *testing.T
	store *store.Store
	job   models.Job
	drive models.Drive
	hook  *httptest.Server
	log   bytes.Buffer

	mu sync.Mutex
	// at is the time, and slots say when the job ran and runs next; without any it does not.
	at        time.Time
	slots     []time.Time
	notifiers []models.Notifier
	status    int
	got       []string
	// left is what is set up and does not run.
	left []models.LeftItem
}

func (w *world) leftOut(context.Context) ([]models.LeftItem, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.left), nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, at: models.Now(), status: http.StatusOK}
	w.hook = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.got = append(w.got, string(body))
		rw.WriteHeader(w.status)
	}))
	t.Cleanup(w.hook.Close)
	var err error
	if w.store, err = store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "meta.db")}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	w.must(w.store.ApplyPlan(t.Context(), models.Plan{
		Sources: []models.Source{{Label: "shop", Provider: "fake"}}, Drives: []models.Drive{{Label: "nas", Provider: "local"}},
		Jobs: []models.PlannedJob{{Job: models.Job{Label: "nightly", Compression: models.CompressionZstd}, Source: "shop", Drives: []string{"nas"}}},
	}))
	w.job, err = w.store.JobByLabel(t.Context(), "nightly")
	w.must(err)
	w.drive, err = w.store.DriveByLabel(t.Context(), "nas")
	w.must(err)
	w.notifiers = []models.Notifier{{Label: "ops", Provider: "webhook", Settings: models.Settings{"url": w.hook.URL + "/TOPSECRET", "token": "TOPSECRET", "format": "json"}}}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) answer(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = status
}

func (w *world) service() *notify.Service { return w.serviceOf(w) }

// serviceWith is a server whose file names other notifiers.
func (w *world) serviceWith(notifiers []models.Notifier) *notify.Service {
	return w.serviceOf(elsewhere{w, notifiers})
}

// elsewhere is the configuration of another server.
type elsewhere struct {
	*world
	notifiers []models.Notifier
}

func (e elsewhere) Notifiers(context.Context) []models.Notifier { return e.notifiers }

func (e elsewhere) OpenNotifier(_ context.Context, label string) (models.Notifier, error) {
	return opened(e.notifiers, label)
}

func opened(notifiers []models.Notifier, label string) (models.Notifier, error) {
	i := slices.IndexFunc(notifiers, func(n models.Notifier) bool { return n.Label == label })
	if i < 0 {
		return models.Notifier{}, models.NotFoundf("no %s", label)
	}
	return notifiers[i], nil
}

func (w *world) serviceOf(catalog notify.Catalog) *notify.Service {
	return notify.New(notify.Options{Store: w.store, Catalog: catalog, AppURL: "https://b.example", Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: w.clock, Left: w.leftOut})
}

func (w *world) Jobs(ctx context.Context) ([]models.Job, error)     { return w.store.Jobs(ctx) }
func (w *world) Drives(ctx context.Context) ([]models.Drive, error) { return w.store.Drives(ctx) }
func (w *world) Notifiers(context.Context) []models.Notifier {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.notifiers)
}

func (w *world) OpenNotifier(ctx context.Context, label string) (models.Notifier, error) {
	return opened(w.Notifiers(ctx), label)
}

func (w *world) NextRun(string) (time.Time, bool) {
	now := w.clock()
	i := slices.IndexFunc(w.slots, now.Before)
	if i < 0 {
		return time.Time{}, false
	}
	return w.slots[i], true
}

func (w *world) PreviousRun(_ string, until time.Time) (found time.Time, ok bool) {
	for _, slot := range w.slots {
		if !slot.After(until) {
			found, ok = slot, true
		}
	}
	return found, ok
}

// look has a service look and then send.
func (w *world) look(s *notify.Service) {
	w.t.Helper()
	w.must(s.Look(w.t.Context(), w))
	w.must(s.SendDue(w.t.Context()))
}

// told are the kinds of events of which the webhook was told since the last call.
func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kinds []string
	for _, body := range w.got {
		_, rest, _ := strings.Cut(body, `"Event":"`)
		kind, _, _ := strings.Cut(rest, `"`)
		kinds = append(kinds, kind)
	}
	w.got = nil
	return strings.Join(kinds, " ")
}

// wants fails the test unless the webhook was told of these kinds, in this order.
func (w *world) wants(kinds string) {
	w.t.Helper()
	if got := w.told(); got != kinds {
		w.t.Errorf("told %q, want %q", got, kinds)
	}
}

// begin inserts a backup that runs, with a copy on the drive, or one on each of those named.
func (w *world) begin(drives ...string) models.Backup {
	w.t.Helper()
	id := models.NewID()
	b := models.Backup{ID: id, JobID: w.job.ID, Label: w.job.Label, SourceID: w.job.SourceID, Slot: "manual:" + id, Trigger: models.TriggerPage, Attempt: 1,
		Status: models.StatusPending, Phase: models.PhaseQueued, FileName: id, CreatedAt: w.clock()}
	if len(drives) == 0 {
		drives = []string{w.drive.ID}
	}
	for _, drive := range drives {
		b.DriveFiles = append(b.DriveFiles, models.DriveFile{ID: models.NewID(), BackupID: id, DriveID: drive, Provider: "local", Label: id, Key: id, Status: models.StatusPending, CreatedAt: w.clock()})
	}
	w.must(w.store.InsertBackup(w.t.Context(), b))
	w.must(w.store.Claim(w.t.Context(), id, "", "r", time.Hour))
	return b
}

func (w *world) settle(b models.Backup, sentence string) {
	w.t.Helper()
	w.settleAt(b, sentence, w.clock())
}

func (w *world) settleAt(b models.Backup, sentence string, at time.Time) {
	w.t.Helper()
	end := models.Settlement{Status: models.StatusFinished, At: at}
	if sentence != "" {
		end.Status, end.Error = models.StatusFailed, sentence
	}
	w.must(w.store.Settle(w.t.Context(), b.ID, "r", end))
}

// run makes a backup that fails with a sentence, or finishes when it is empty.
func (w *world) run(sentence string) models.Backup {
	w.t.Helper()
	b := w.begin()
	w.settle(b, sentence)
	w.pass(time.Second)
	return b
}

func (w *world) drill(b models.Backup, outcome models.DrillOutcome) {
	w.t.Helper()
	at := w.clock()
	w.must(w.store.InsertDrill(w.t.Context(), models.Drill{ID: models.NewID(), BackupID: b.ID, JobID: b.JobID, Trigger: models.TriggerPage, Scratch: models.ScratchTemporary,
		Outcome: outcome, Reason: "3 tables were compared", SettledAt: &at, CreatedAt: at}))
}

func (w *world) check(sentence string) {
	w.t.Helper()
	c := models.DriveCheck{DriveID: w.drive.ID, CheckedAt: w.clock(), Error: sentence, Free: -1, Total: -1}
	if sentence == "" {
		c.GoodAt = &c.CheckedAt
	}
	w.must(w.store.SaveDriveCheck(w.t.Context(), c))
}

func (w *world) history() []models.Notification {
	w.t.Helper()
	all, err := w.store.Notifications(w.t.Context(), "", 100)
	w.must(err)
	return all
}

func (w *world) only() models.Notification {
	w.t.Helper()
	all := w.history()
	if len(all) != 1 {
		w.t.Fatal(fmt.Sprint(len(all), " notifications, want one"))
	}
	return all[0]
}
