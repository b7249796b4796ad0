package web

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/auth"
	vaults "github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/services/store"
)

// realSite is a server over a metadata database of its own, in which there is something of
// everything, and over real accounts. What makes backups is fake, and works on the same ids.
type realSite struct {
	*site
	accounts *auth.Service
	file     string
	// owner and key are what an owner shows.
	owner, key string
}

func newRealSite(t *testing.T, change ...func(*Options)) *realSite {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.db")
	kept, err := store.Open(t.Context(), store.Config{Path: file}, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, kept.Close()) })
	ring := vaults.NewKeyring(vaults.Source{Key: vaults.NewKey()})
	accounts := auth.New(auth.Options{Store: kept, Seal: ring, Log: slog.New(slog.DiscardHandler)})
	vault := vaults.NewVault(kept, ring, func() map[string][]string { return nil })
	r := &realSite{accounts: accounts, file: file}
	r.site = newSite(t, append(change, func(o *Options) {
		o.Store, o.Accounts, o.Secrets, o.Kits, o.Now = kept, accounts, vault, fakeKits{}, time.Now
		withPlanner(newPlanner())(o)
	})...)
	r.now = time.Now()
	r.fill(t, kept, vault)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill writes something into every table that a page shows.
func (r *realSite) fill(t *testing.T, kept *store.Store, vault *vaults.Vault) {
	t.Helper()
	ctx := t.Context()
	must(t, kept.ApplyPlan(ctx, models.Plan{
		Sources: []models.Source{{Label: "shop", Provider: "sqlite", Settings: models.Settings{"db_path": "/srv/shop.db"}}},
		Drives:  []models.Drive{{Label: "nas", Provider: "local", Settings: models.Settings{"folder": "/nas"}}},
		Jobs:    []models.PlannedJob{{Job: models.Job{Label: "shop-nightly", Cron: "0 3 * * *", Compression: models.CompressionZstd}, Source: "shop", Drives: []string{"nas"}}},
	}))
	job, err := kept.JobByLabel(ctx, "shop-nightly")
	must(t, err)
	drives, err := kept.Drives(ctx)
	must(t, err)
	for i := range slices.Backward(r.store.backups) { // the one that is pending last
		b := r.store.backups[i]
		b.JobID, b.SourceID, b.Slot = job.ID, job.SourceID, fmt.Sprintf("slot %d", i)
		for k := range b.DriveFiles {
			b.DriveFiles[k].DriveID = drives[0].ID
		}
		must(t, kept.InsertBackup(ctx, b))
		must(t, kept.SaveLog(ctx, b.ID, "the dump was proven"))
		r.store.backups[i] = b
	}
	r.store.jobs[0].ID, r.store.jobs[0].SourceID, r.store.drives[0] = job.ID, job.SourceID, drives[0]
	must(t, kept.InsertDrill(ctx, models.Drill{ID: drillID, BackupID: finishedID, JobID: job.ID, Outcome: models.DrillProven, Level: models.LevelEquals, CreatedAt: testNow, SettledAt: &testNow}))
	must(t, kept.InsertRestore(ctx, models.Restore{ID: restoreID, BackupID: finishedID, Label: "shop-nightly", TargetKind: models.TargetFile, TargetName: "x", CreatedAt: testNow}))
	must(t, kept.RaiseAlarm(ctx, models.Alarm{JobID: job.ID, BackupID: finishedID, Kind: models.AlarmAnomaly, Sentence: "the table orders is gone", CreatedAt: testNow}))
	must(t, vault.SetSecret(ctx, "shop/password", models.NewSecret("hunter2"), "ada"))
	r.signIn(t)
}

// signIn adds an owner with a session, and a key.
func (r *realSite) signIn(t *testing.T) {
	t.Helper()
	ctx, password := t.Context(), models.NewSecret("four words beside each other")
	_, err := r.accounts.AddUser(ctx, "ada", models.RoleOwner, password)
	must(t, err)
	in, err := r.accounts.SignIn(ctx, "ada", password, models.Client{Address: "192.0.2.1"})
	must(t, err)
	_, key, err := r.accounts.CreateKey(ctx, models.Actor{Kind: models.ActorUser, Name: "ada"}, "ci", models.Scopes{models.ScopeAdmin}, nil, nil)
	must(t, err)
	r.owner, r.key = in.Token.Reveal(), key.Reveal()
}

// tables are the rows of every table, as text.
func (r *realSite) tables(t *testing.T) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+r.file+"?mode=ro")
	must(t, err)
	defer db.Close()
	names := column(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
	found := map[string][]string{}
	for _, name := range names {
		columns := column(t, db, "SELECT name FROM pragma_table_info('"+name+"')")
		for i, c := range columns {
			columns[i] = "quote(`" + c + "`)"
		}
		found[name] = column(t, db, "SELECT "+strings.Join(columns, " || ',' || ")+" FROM `"+name+"` ORDER BY 1")
	}
	return found
}

func column(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	must(t, err)
	defer rows.Close()
	var found []string
	for rows.Next() {
		var text string
		must(t, rows.Scan(&text))
		found = append(found, text)
	}
	must(t, rows.Err())
	return found
}

// crawled are the addresses of a row with its id, and with what its query can have.
func (r *realSite) crawled(row route) []string {
	path := strings.NewReplacer(jobID, r.store.jobs[0].ID, driveID, r.store.drives[0].ID, sourceID, r.store.jobs[0].SourceID).Replace(address(row))
	switch row.Path {
	case "/setup/source":
		return []string{path, path + "?provider=sqlite"}
	case "/setup/drives":
		of := path + "?source=" + r.store.jobs[0].SourceID
		return []string{path, of, of + "&provider=s3&drive=" + r.store.drives[0].ID}
	case "/sources/new":
		return []string{path, path + "?provider=mysql", path + "?from=" + r.store.jobs[0].SourceID}
	case "/drives/new":
		return []string{path, path + "?provider=sftp", path + "?from=" + r.store.drives[0].ID}
	case "/backups/:id/restore":
		return []string{path, path + "?step=plan&into=file&file=x"}
	case "/api/backups/:id/compare":
		return []string{path + "?With=" + failedID}
	case "/api/jobs/:id/retention":
		return []string{path, path + "?KeepLast=1"}
	case "/api/backups":
		return []string{path, path + "?Limit=1&Status=finished"}
	case "/api/audit":
		return []string{path, path + "?Format=csv", path + "?Format=jsonl"}
	case "/claim":
		return []string{path + "?token=x"}
	case "/sign-in/provider/back":
		return []string{path + "?state=x&code=y"}
	case "/notifiers":
		return []string{path, path + "?done=saved", path + "?tested=" + finishedID}
	case "/notifiers/new":
		return []string{path, path + "?provider=mail", path + "?provider=webhook"}
	case "/notifiers/:id/edit", "/notifiers/:id/delete":
		return []string{strings.Replace(path, finishedID, "ops", 1)}
	case "/jobs":
		return []string{path, path + "?q=shop"}
	case "/jobs/new":
		return []string{path, path + "?from=" + r.store.jobs[0].ID}
	case "/setup/job":
		return []string{path, path + "?source=" + r.store.jobs[0].SourceID + "&drive=" + r.store.drives[0].ID}
	case "/calendar":
		return []string{path, path + "?day=" + time.Now().Format(time.DateOnly)}
	case "/restores":
		return []string{path, path + "?kind=drills&outcome=good&job=" + r.store.jobs[0].ID}
	case "/drives/sign-in/callback":
		return []string{path + "?state=x&code=y"}
	}
	return []string{path}
}

// TestGETChangesNothing opens everything that can be opened with GET, as an owner, as a
// program and as a stranger, and wants the metadata database to stay as it is: but for the
// line in the audit log about what is handed out, and that a link was used.
func TestGETChangesNothing(t *testing.T) {
	var o Options
	r := newRealSite(t, func(given *Options) { o = *given })
	o.Store = r.store
	before, asked, handed := r.tables(t), 0, 0
	if len(before["users"]) == 0 || len(before["sessions"]) == 0 || len(before["api_keys"]) == 0 || len(before["stored_secrets"]) == 0 || len(before["backups"]) == 0 || len(before["alarms"]) == 0 {
		t.Fatalf("too little is there: %v", before)
	}
	o.Accounts = newAccounts()
	for _, row := range newServer(o).routes() {
		if row.Method != http.MethodGet && row.Method != http.MethodHead {
			continue
		}
		for _, path := range r.crawled(row) {
			for who, headers := range map[string][]string{"an owner": {"Cookie", "backupman=" + r.owner}, "a key": {"X-Api-Key", r.key}, "a stranger": nil, "htmx": {"Cookie", "backupman=" + r.owner, "HX-Request", "true"}} {
				w := r.ask(t, row.Method, path, "", headers...)
				if w.Code >= http.StatusInternalServerError || who == "an owner" && (w.Code == http.StatusUnauthorized && row.Scope != open || w.Code == http.StatusForbidden) {
					t.Errorf("%s for %s: status %d: %s", path, who, w.Code, w.Body)
				}
				after := r.tables(t)
				lines := len(after["audit_entries"]) - len(before["audit_entries"])
				if lines > 0 && row.Action == "" || lines > 2 {
					t.Errorf("%s for %s: %d lines in the audit log", path, who, lines)
				}
				if lines > 0 && w.Code == http.StatusOK {
					handed++
				}
				before["audit_entries"] = after["audit_entries"]
				same(t, path+" for "+who, before, after)
				asked++
			}
		}
	}
	if asked < 200 || handed < 10 {
		t.Errorf("%d were asked and %d handed out", asked, handed)
	}
}

func same(t *testing.T, what string, before, after map[string][]string) {
	t.Helper()
	for name, rows := range after {
		if !slices.Equal(before[name], rows) {
			t.Errorf("%s changes %s\nfrom %v\nto   %v", what, name, before[name], rows)
			before[name] = rows
		}
	}
}

// TestALinkIsRemembered is the one GET besides that leaves something behind.
func TestALinkIsRemembered(t *testing.T) {
	r := newRealSite(t)
	link := r.link(t, aLink, "X-Api-Key", r.key).RequestURI()
	before := r.tables(t)
	if status, _ := r.follow(t, link, "198.51.100.1:5000"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	after := r.tables(t)
	if len(after["used_links"]) != 1 || strings.Contains(after["used_links"][0], "Signature") {
		t.Errorf("remembered is %v", after["used_links"])
	}
	before["used_links"], before["audit_entries"] = after["used_links"], after["audit_entries"]
	same(t, "a link", before, after)
	if status, body := r.follow(t, link, "198.51.100.1:5000"); status != http.StatusUnauthorized || !strings.Contains(body, "was used") {
		t.Errorf("a second time: status %d: %s", status, body)
	}
}
