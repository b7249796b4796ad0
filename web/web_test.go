package web

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

var testNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// site is a server over fakes, and what it logged.
type site struct {
	handler   http.Handler
	store     *fakeStore
	backups   *fakeBackups
	restores  *fakeRestores
	catalog   *fakeCatalog
	upkeep    *fakeUpkeep
	retention *fakeRetention
	notify    *fakeNotify
	later     *fakeBackground
	log       *bytes.Buffer
	now       time.Time
}

// newSite returns a server over a store with one job, on which a backup is
// finished, one failed and one pending.
func newSite(t *testing.T, change ...func(*Options)) *site {
	t.Helper()
	s := &site{store: newStore(), log: &bytes.Buffer{}, now: testNow}
	s.backups = &fakeBackups{store: s.store, content: "dump content"}
	s.restores = &fakeRestores{store: s.store, plan: newPlan(), uploads: map[string]models.Upload{}}
	s.catalog = &fakeCatalog{store: s.store, opened: map[string]drive.Drive{}, signIns: map[string]*fakeSignIn{}}
	s.upkeep = &fakeUpkeep{store: s.store, found: models.DriveCheck{CheckedAt: testNow, GoodAt: &testNow, Free: 412e9, Total: 1e12}}
	s.retention = &fakeRetention{store: s.store}
	s.notify = &fakeNotify{}
	s.later = &fakeBackground{}
	o := Options{
		Store: s.store, Backups: s.backups, Restores: s.restores, Catalog: s.catalog, Upkeep: s.upkeep, Background: s.later.run, Schedule: fakeSchedule{}, Retention: s.retention, Notify: s.notify, Version: "test",
		SigningKey: bytes.Repeat([]byte("k"), 32), Log: slog.New(slog.NewTextHandler(s.log, nil)),
		Now: func() time.Time { return s.now },
	}
	for _, c := range change {
		c(&o)
	}
	s.handler = New(o)
	return s
}

const (
	jobID      = "0197c9a4-0000-7000-8000-000000000001"
	sourceID   = "0197c9a4-0000-7000-8000-000000000002"
	driveID    = "0197c9a4-0000-7000-8000-000000000003"
	finishedID = "0197c9a4-0000-7000-8000-000000000011"
	failedID   = "0197c9a4-0000-7000-8000-000000000012"
	pendingID  = "0197c9a4-0000-7000-8000-000000000013"
	copyID     = "0197c9a4-0000-7000-8000-000000000021"
	failedCopy = "0197c9a4-0000-7000-8000-000000000022"
	drillID    = "0197c9a4-0000-7000-8000-000000000031"
	restoreID  = "0197c9a4-0000-7000-8000-000000000041"
	alarmID    = "0197c9a4-0000-7000-8000-000000000051"
	unknownID  = "0197c9a4-0000-7000-8000-0000000000ff"
)

func newStore() *fakeStore {
	at := func(d time.Duration) *time.Time { t := testNow.Add(-d); return &t }
	text := func(s string) *string { return &s }
	base := models.Backup{JobID: jobID, SourceID: sourceID, Label: "shop-nightly", Attempt: 1, Trigger: models.TriggerSchedule}
	pending, failed, finished := base, base, base
	pending.ID, pending.Status, pending.Phase, pending.CreatedAt, pending.StartedAt = pendingID, models.StatusPending, models.PhaseDumping, *at(time.Minute), at(time.Minute)
	pending.RawSize, pending.Size = 40_000_000, 10_000_000
	failed.ID, failed.Status, failed.Phase, failed.CreatedAt, failed.StartedAt, failed.SettledAt = failedID, models.StatusFailed, models.PhaseUploading, *at(time.Hour), at(time.Hour), at(time.Hour)
	failed.Error = `the drive "nas" is full: make room on it`
	failed.DriveFiles = []models.DriveFile{{ID: failedCopy, BackupID: failedID, DriveID: driveID, Provider: "local", Label: "b.sql.zst", Status: models.StatusFailed, CreatedAt: *at(time.Hour)}}
	finished.ID, finished.Status, finished.Phase, finished.CreatedAt, finished.StartedAt, finished.SettledAt = finishedID, models.StatusFinished, models.PhaseVerifying, *at(2 * time.Hour), at(2*time.Hour), at(2*time.Hour)
	finished.DumpPath, finished.UpdatedAt, finished.ProvenAt, finished.RawSize, finished.Size = text("/nas/a.sql.zst"), at(time.Hour), at(time.Hour), 80_000_000, 12
	finished.SHA256 = strings.Repeat("ab", 32)
	finished.DriveFiles = []models.DriveFile{{ID: copyID, BackupID: finishedID, DriveID: driveID, Provider: "local", Label: "a.sql.zst", Path: text("/nas/a.sql.zst"), Status: models.StatusFinished, Size: 12, VerifiedAt: at(time.Hour), CreatedAt: *at(2 * time.Hour), UpdatedAt: at(time.Hour)}}
	return &fakeStore{
		jobs:    []models.Job{{ID: jobID, Label: "shop-nightly", SourceID: sourceID, Cron: "0 3 * * *"}},
		sources: []models.Source{{ID: sourceID, Label: "shop", Provider: "mysql"}},
		drives:  []models.Drive{{ID: driveID, Label: "nas", Provider: "local", Settings: models.Settings{"folder": "/nas"}}},
		checks:  map[string]models.DriveCheck{},
		totals:  map[string]models.DriveTotals{driveID: {DriveID: driveID, Finished: 1, Failed: 1, Bytes: 12}},
		backups: []models.Backup{pending, failed, finished},
		manifests: map[string]models.Manifest{finishedID: {Provider: "mysql", Inventory: models.Inventory{
			Database: "shop", Tool: "mariadb-dump", Tables: []models.TableDigest{{Name: "orders", Rows: 1234, Bytes: 5678, SHA256: strings.Repeat("cd", 32)}},
			Objects: []models.Object{{Kind: models.ObjectView, Name: "active"}},
		}}},
		logs: map[string]string{finishedID: "the dump was proven"},
		drills: map[string][]models.Drill{finishedID: {{ID: drillID, BackupID: finishedID, JobID: jobID, DriveFileID: copyID, Outcome: models.DrillProven, Level: models.LevelEquals, Server: "11.8.3-MariaDB",
			Scratch: models.ScratchTemporary, Phase: models.RestoreComparing, Reason: "1 table was equal", CreatedAt: testNow, SettledAt: &testNow, Duration: 3 * time.Second, RestoreTook: 2 * time.Second}}},
		restores: []models.Restore{{ID: restoreID, BackupID: finishedID, DriveFileID: copyID, FileName: "a.sql.zst", Label: "shop-nightly", Provider: "mysql", TargetKind: models.TargetNew,
			TargetSourceID: sourceID, TargetLabel: "shop", TargetName: "shop_restored", Trigger: models.TriggerPage, Status: models.StatusPending, Phase: models.RestoreRestoring,
			Done: 40_000_000, Total: 80_000_000, CreatedAt: *at(time.Minute)}},
	}
}

// newPlan is a plan of a restore into an empty new database.
func newPlan() models.RestorePlan {
	return models.RestorePlan{
		Label: "shop-nightly", Provider: "mysql", Size: 12, RawSize: 80_000_000, TargetLabel: "shop", TargetName: "shop_restored", Confirm: "shop_restored",
		Copies: []models.RestoreCopy{{DriveFileID: copyID, DriveID: driveID, Drive: "nas", Provider: "local", Proposed: true, Why: "on this machine"}},
		Target: models.TargetState{Database: "shop_restored", Server: "11.8.3-MariaDB"},
	}
}

// ask sends one request; headers come in pairs.
func (s *site) ask(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost:8080"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		if headers[i] == "Remote" {
			r.RemoteAddr = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func (s *site) get(t *testing.T, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.ask(t, http.MethodGet, path, "", headers...)
}

// wantError asserts a status and the API's one form of errors, and returns the sentence.
func wantError(t *testing.T, w *httptest.ResponseRecorder, status int) string {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	var failure map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &failure); err != nil || len(failure) != 1 || failure["Error"] == "" {
		t.Fatalf("%q is not an error of the API", w.Body)
	}
	return failure["Error"]
}

// document is a parsed page or fragment.
type document struct{ root *html.Node }

func parse(t *testing.T, w *httptest.ResponseRecorder) document {
	t.Helper()
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
		t.Fatalf("content type %q is not a page's", got)
	}
	root, err := html.Parse(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return document{root}
}

// all returns the elements of a tag that have an attribute of a value; an
// empty tag, name or value does not narrow.
func (d document) all(tag, name, value string) []*html.Node {
	var found []*html.Node
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && (tag == "" || n.Data == tag) && has(n, name, value) {
			found = append(found, n)
		}
	}
	return found
}

func (d document) one(t *testing.T, tag, name, value string) *html.Node {
	t.Helper()
	found := d.all(tag, name, value)
	if len(found) != 1 {
		t.Fatalf("%d elements are <%s %s=%q>, want 1", len(found), tag, name, value)
	}
	return found[0]
}

func has(n *html.Node, name, value string) bool {
	if name == "" {
		return true
	}
	for _, a := range n.Attr {
		if a.Key == name && (value == "" || a.Val == value) {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// live serves the site over a real connection, which a cut-off answer needs.
func (s *site) live(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return server
}
