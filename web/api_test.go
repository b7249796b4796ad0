package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/middleware"
)

func TestListIsTheContractToTheByte(t *testing.T) {
	s := newSite(t)
	at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.FixedZone("east", 3600))
	later, path := at.Add(5*time.Minute+999999*time.Microsecond), "backups/a.sql.gz"
	s.store.backups = []models.Backup{
		{ID: finishedID, Status: models.StatusFinished, Label: "my & <db>", DumpPath: &path, CreatedAt: at, UpdatedAt: &later, Error: "hidden", DriveFiles: []models.DriveFile{
			{ID: copyID, BackupID: finishedID, DriveID: driveID, Provider: "google_drive", Label: "a.sql.gz", Key: "hidden", Path: &path, Status: models.StatusFinished, CreatedAt: at, UpdatedAt: &later},
			{ID: failedCopy, BackupID: finishedID, Provider: "s3", Label: "a.sql.gz", Status: models.StatusPending, CreatedAt: at},
		}},
		{ID: pendingID, Status: models.StatusPending, Label: "wiki", CreatedAt: at.Add(123456 * time.Microsecond)},
	}
	w := s.get(t, "/api/backups")
	want := `{"Results":[` +
		`{"Id":"` + finishedID + `","Status":"finished","Label":"my \u0026 \u003cdb\u003e","DumpPath":"backups/a.sql.gz","CreatedAt":"2025-07-02T09:00:00Z","UpdatedAt":"2025-07-02T09:05:00Z","DriveFiles":[` +
		`{"Id":"` + copyID + `","BackupId":"` + finishedID + `","Provider":"google_drive","Label":"a.sql.gz","Path":"backups/a.sql.gz","Status":"finished","CreatedAt":"2025-07-02T09:00:00Z","UpdatedAt":"2025-07-02T09:05:00Z"},` +
		`{"Id":"` + failedCopy + `","BackupId":"` + finishedID + `","Provider":"s3","Label":"a.sql.gz","Path":null,"Status":"pending","CreatedAt":"2025-07-02T09:00:00Z","UpdatedAt":null}]},` +
		`{"Id":"` + pendingID + `","Status":"pending","Label":"wiki","DumpPath":null,"CreatedAt":"2025-07-02T09:00:00Z","UpdatedAt":null,"DriveFiles":null}` +
		"]}\n"
	if got := w.Body.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
}

func TestListWithoutBackupsIsAnEmptyArray(t *testing.T) {
	s := newSite(t)
	s.store.backups = nil
	if got := s.get(t, "/api/backups").Body.String(); got != "{\"Results\":[]}\n" {
		t.Errorf("got %q", got)
	}
}

func ids(t *testing.T, body string) string {
	t.Helper()
	var list struct {
		Results []struct {
			ID string `json:"Id"`
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	var short []string
	for _, r := range list.Results {
		short = append(short, r.ID[len(r.ID)-2:])
	}
	return strings.Join(short, " ")
}

func TestListFiltersAndPages(t *testing.T) {
	s := newSite(t)
	for query, want := range map[string]string{
		"":                           "13 12 11",
		"Status=failed":              "12",
		"status=finished":            "11",
		"Label=shop-nightly":         "13 12 11",
		"label=other":                "",
		"JobId=" + jobID:             "13 12 11",
		"jobid=" + unknownID:         "",
		"Since=2026-11-23T11:30:00Z": "13",
		"Until=2026-11-23T11:30:00Z": "12 11",
		"since=2026-11-23":           "13 12 11",
		"Limit=2":                    "13 12",
		"Limit=2&After=" + failedID:  "11",
		"after=" + pendingID:         "12 11",
		"Limit=1&Status=finished":    "11",
	} {
		w := s.get(t, "/api/backups?"+query)
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d: %s", query, w.Code, w.Body)
			continue
		}
		if got := ids(t, w.Body.String()); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func TestListRefusesWhatItDoesNotUnderstand(t *testing.T) {
	s := newSite(t)
	for _, query := range []string{
		"Status=done", "JobId=7", "Since=yesterday", "Until=1", "Limit=0", "Limit=-1", "Limit=x", "Limit=999999999", "After=x",
		"After=" + unknownID, "Lable=x", "Status=", "Status=failed&Status=failed",
	} {
		wantError(t, s.get(t, "/api/backups?"+query), http.StatusBadRequest)
	}
}

// A hundred thousand backups with two files each must cost no memory.
func TestListStreamsInConstantMemory(t *testing.T) {
	const backups, bound = 100_000, 64 << 20
	s := newSite(t)
	path := strings.Repeat("p", 80)
	runtime.GC()
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	s.store.each = func(_ context.Context, _ models.BackupFilter, fn func(models.Backup) error) error {
		for i := range backups {
			b := models.Backup{ID: fmt.Sprintf("0197c9a4-0000-7000-8000-%012d", i), Status: models.StatusFinished, Label: "shop", CreatedAt: testNow}
			for range 2 {
				b.DriveFiles = append(b.DriveFiles, models.DriveFile{ID: copyID, BackupID: b.ID, Provider: "local", Label: "a", Path: &path, CreatedAt: testNow})
			}
			if err := fn(b); err != nil {
				return err
			}
			if i%5000 == 0 {
				runtime.ReadMemStats(&during)
				peak = max(peak, during.HeapAlloc)
			}
		}
		return nil
	}
	response, err := http.Get(s.live(t).URL + "/api/backups")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	counted := &counter{}
	if _, err := io.Copy(counted, response.Body); err != nil {
		t.Fatal(err)
	}
	if counted.bytes < backups*400 {
		t.Errorf("only %d bytes came", counted.bytes)
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > bound {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	t.Logf("%d MB, heap growth %d MiB", counted.bytes/1e6, (int64(peak)-int64(before.HeapAlloc))>>20)
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) { c.bytes += int64(len(p)); return len(p), nil }

func TestListThatFailsAtOnceIsAnError(t *testing.T) {
	s := newSite(t)
	s.store.each = func(context.Context, models.BackupFilter, func(models.Backup) error) error {
		return errors.New("secret dsn")
	}
	if said := wantError(t, s.get(t, "/api/backups"), http.StatusInternalServerError); strings.Contains(said, "secret") {
		t.Errorf("%q shows internals", said)
	}
	if !strings.Contains(s.log.String(), "secret dsn") {
		t.Error("the cause was not logged")
	}
}

func TestListThatFailsMidwayCutsTheConnection(t *testing.T) {
	s := newSite(t)
	s.store.each = func(_ context.Context, _ models.BackupFilter, fn func(models.Backup) error) error {
		for range 1000 {
			if err := fn(s.store.backups[2]); err != nil {
				return err
			}
		}
		return errors.New("the database went away")
	}
	response, err := http.Get(s.live(t).URL + "/api/backups")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil {
		t.Errorf("a list that failed midway came to a regular end after %d bytes", len(body))
	}
	if json.Valid(body) {
		t.Error("a list that failed midway is well-formed")
	}
}

func TestGetIsOneBackupOfTheSameShape(t *testing.T) {
	s := newSite(t)
	w := s.get(t, "/api/backups/"+finishedID)
	var one, list map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &one); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(s.get(t, "/api/backups?Status=finished").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(one), fmt.Sprint(list["Results"].([]any)[0]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStartOneJob(t *testing.T) {
	for _, name := range []string{"shop-nightly", jobID} {
		s := newSite(t)
		w := s.ask(t, http.MethodPost, "/api/backups", `{"Job":"`+name+`"}`)
		if w.Code != http.StatusAccepted || ids(t, w.Body.String()) == "" {
			t.Errorf("%s: status %d: %s", name, w.Code, w.Body)
		}
		if got := strings.Join(s.backups.calls, ","); got != "start "+jobID+" api" {
			t.Errorf("%s: called %s", name, got)
		}
	}
}

func TestStartAllJobs(t *testing.T) {
	s := newSite(t)
	gone := testNow
	s.store.jobs = append(s.store.jobs, models.Job{ID: driveID, Label: "wiki"}, models.Job{ID: sourceID, Label: "gone", RemovedAt: &gone})
	w := s.ask(t, http.MethodPost, "/api/backups", "")
	if w.Code != http.StatusAccepted || len(strings.Fields(ids(t, w.Body.String()))) != 2 {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if got := strings.Join(s.backups.calls, ","); strings.Contains(got, sourceID) {
		t.Errorf("a job that is gone was started: %s", got)
	}
}

func TestStartWaits(t *testing.T) {
	s := newSite(t)
	w := s.ask(t, http.MethodPost, "/api/backups?wait=60s", `{"Job":"shop-nightly"}`)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"Status":"finished"`) {
		t.Errorf("settled in time: status %d: %s", w.Code, w.Body)
	}
	s.backups.cut = errors.New("never settles")
	w = s.ask(t, http.MethodPost, "/api/backups?wait=5ms", `{"Job":"shop-nightly"}`)
	if w.Code != http.StatusAccepted || !strings.Contains(w.Body.String(), `"Status":"pending"`) {
		t.Errorf("time was up: status %d: %s", w.Code, w.Body)
	}
}

func TestAPIErrors(t *testing.T) {
	big := strings.Repeat(" ", middleware.MaxBody+1)
	cases := map[string]struct {
		method, path, body string
		err                error
		status             int
	}{
		"bad id":               {"GET", "/api/backups/7", "", nil, 400},
		"unknown id":           {"GET", "/api/backups/" + unknownID, "", nil, 404},
		"unknown address":      {"GET", "/api/nothing", "", nil, 404},
		"the root":             {"GET", "/api", "", nil, 404},
		"method":               {"DELETE", "/api/backups", "", nil, 405},
		"method of one":        {"PUT", "/api/backups/" + finishedID, "", nil, 405},
		"no object":            {"POST", "/api/backups", "[1]", nil, 400},
		"unknown key":          {"POST", "/api/backups", `{"Jobb":"x"}`, nil, 400},
		"empty job":            {"POST", "/api/backups", `{"Job":""}`, nil, 400},
		"two objects":          {"POST", "/api/backups", `{} {}`, nil, 400},
		"unknown job":          {"POST", "/api/backups", `{"Job":"x"}`, nil, 404},
		"unknown job id":       {"POST", "/api/backups", `{"Job":"` + unknownID + `"}`, nil, 404},
		"bad wait":             {"POST", "/api/backups?wait=long", "", nil, 400},
		"endless wait":         {"POST", "/api/backups?wait=24h", "", nil, 400},
		"too large":            {"POST", "/api/backups", big, nil, 413},
		"already pending":      {"POST", "/api/backups", `{"Job":"shop-nightly"}`, models.Conflictf("running already"), 409},
		"all already pending":  {"POST", "/api/backups", "", models.Conflictf("running already"), 409},
		"no space":             {"POST", "/api/backups", `{"Job":"shop-nightly"}`, fmt.Errorf("insert: %w", models.NoSpacef("the disk is full")), 507},
		"internal":             {"POST", "/api/backups", `{"Job":"shop-nightly"}`, errors.New("password=hunter2"), 500},
		"retry bad id":         {"POST", "/api/backups/x/retry", "", nil, 400},
		"retry unknown":        {"POST", "/api/backups/" + unknownID + "/retry", "", nil, 404},
		"retry finished":       {"POST", "/api/backups/" + finishedID + "/retry", "", models.Conflictf("it has finished"), 409},
		"heal bad id":          {"POST", "/api/backups/x/heal", "", nil, 400},
		"heal unknown":         {"POST", "/api/backups/" + unknownID + "/heal", "", nil, 404},
		"heal without a dump":  {"POST", "/api/backups/" + failedID + "/heal", "", models.Conflictf("its dump failed"), 409},
		"verify bad id":        {"POST", "/api/backups/x/verify", "", nil, 400},
		"verify a bad copy":    {"POST", "/api/backups/" + finishedID + "/verify?DriveFileId=x", "", nil, 400},
		"verify while running": {"POST", "/api/backups/" + pendingID + "/verify", "", models.Conflictf("it is running"), 409},
		"check a bad drive":    {"POST", "/api/drives/x/check", "", nil, 400},
		"check no such drive":  {"POST", "/api/drives/" + unknownID + "/check", "", nil, 404},
		"link without a copy":  {"GET", "/api/backups/" + failedID + "/generate-download-url", "", nil, 409},
		"link to another copy": {"GET", "/api/backups/" + finishedID + "/generate-download-url?DriveFileId=" + unknownID, "", nil, 404},
		"link to a bad copy":   {"GET", "/api/backups/" + finishedID + "/generate-download-url?DriveFileId=x", "", nil, 400},
		"download unknown":     {"GET", "/api/backups/" + unknownID + "/download", "", nil, 404},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.backups.err = c.err
			said := wantError(t, s.ask(t, c.method, c.path, c.body), c.status)
			if strings.Contains(said, "hunter2") || strings.Contains(said, "insert:") {
				t.Errorf("%q shows internals", said)
			}
			var fault *models.Fault
			if errors.As(c.err, &fault) && said != fault.Sentence {
				t.Errorf("said %q, want %q", said, fault.Sentence)
			}
		})
	}
}

func TestRetry(t *testing.T) {
	s := newSite(t)
	if w := s.ask(t, http.MethodPost, "/api/backups/"+failedID+"/retry", ""); w.Code != http.StatusAccepted || ids(t, w.Body.String()) != "12" {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestHeal(t *testing.T) {
	s := newSite(t)
	if w := s.ask(t, http.MethodPost, "/api/backups/"+failedID+"/heal", ""); w.Code != http.StatusAccepted || ids(t, w.Body.String()) != "12" {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if got := strings.Join(s.backups.calls, ","); got != "heal "+failedID {
		t.Errorf("called %s", got)
	}
}

func TestVerifyTellsEveryCopy(t *testing.T) {
	s := newSite(t)
	s.backups.verdicts = []models.CopyVerdict{{DriveFileID: copyID, DriveID: driveID, Identical: true}, {DriveFileID: failedCopy, DriveID: driveID, Lost: true, Error: "it has 3 bytes & not 12"}}
	w := s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/verify?DriveFileId="+copyID, "")
	want := `{"Results":[{"DriveFileId":"` + copyID + `","DriveId":"` + driveID + `","Identical":true,"Lost":false,"Error":""},` +
		`{"DriveFileId":"` + failedCopy + `","DriveId":"` + driveID + `","Identical":false,"Lost":true,"Error":"it has 3 bytes & not 12"}]}` + "\n"
	if got := w.Body.String(); w.Code != http.StatusOK || got != want {
		t.Errorf("status %d, got\n%s\nwant\n%s", w.Code, got, want)
	}
	if got := strings.Join(s.backups.calls, ","); got != "verify "+finishedID+" "+copyID {
		t.Errorf("called %s", got)
	}
}

func TestHealth(t *testing.T) {
	s := newSite(t, func(o *Options) { o.APIKeys = keys("k1") })
	if w := s.get(t, "/health"); w.Code != http.StatusOK || w.Body.String() != `{"Status":"ok"}` {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	s.store.failing = errors.New("dsn")
	if w := s.get(t, "/health"); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "dsn") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// keys are API keys that do not change.
func keys(all ...string) func() []string { return func() []string { return all } }

func TestAPIKeysAreThoseOfTheMoment(t *testing.T) {
	now := []string{"old"}
	s := newSite(t, func(o *Options) { o.APIKeys = func() []string { return now } })
	for _, step := range []struct {
		keys   []string
		key    string
		status int
	}{
		{[]string{"old"}, "old", 200}, {[]string{"new"}, "old", 401}, {[]string{"new"}, "new", 200}, {nil, "", 200}, {[]string{"new"}, "", 401},
	} {
		now = step.keys
		if w := s.get(t, "/api/backups", "X-Api-Key", step.key); w.Code != step.status {
			t.Errorf("with the keys %q, the key %q: status %d, want %d", step.keys, step.key, w.Code, step.status)
		}
	}
}

func TestAPIKeys(t *testing.T) {
	with := func(k ...string) func(*Options) { return func(o *Options) { o.APIKeys = keys(k...) } }
	beyond := func(o *Options) { o.BeyondLoopback = true }
	proxied := func(o *Options) { o.AppURL = "https://backups.example" }
	local := func(o *Options) { o.AppURL = "http://localhost:8080" }
	cases := map[string]struct {
		options []func(*Options)
		headers []string
		status  int
	}{
		"none configured":                  {nil, nil, 200},
		"missing":                          {[]func(*Options){with("k1", "k2")}, nil, 401},
		"wrong":                            {[]func(*Options){with("k1", "k2")}, []string{"X-Api-Key", "k3"}, 401},
		"a beginning of it":                {[]func(*Options){with("k1", "k2")}, []string{"X-Api-Key", "k"}, 401},
		"as X-Api-Key":                     {[]func(*Options){with("k1", "k2")}, []string{"X-Api-Key", "k2"}, 200},
		"as a bearer":                      {[]func(*Options){with("k1", "k2")}, []string{"Authorization", "Bearer k1"}, 200},
		"as a small bearer":                {[]func(*Options){with("k1", "k2")}, []string{"Authorization", "bearer k1"}, 200},
		"as a wrong bearer":                {[]func(*Options){with("k1")}, []string{"Authorization", "Bearer k2"}, 401},
		"as something else":                {[]func(*Options){with("k1")}, []string{"Authorization", "Basic k1"}, 401},
		"an empty one":                     {[]func(*Options){with("k1")}, []string{"Authorization", "Bearer "}, 401},
		"an empty one is configured":       {[]func(*Options){with(""), beyond}, []string{"Authorization", "Bearer "}, 401},
		"beyond loopback, none configured": {[]func(*Options){beyond}, nil, 401},
		"behind a proxy, none configured":  {[]func(*Options){proxied}, nil, 401},
		"behind a proxy, right":            {[]func(*Options){proxied, with("k1")}, []string{"X-Api-Key", "k1"}, 200},
		"app_url of this machine":          {[]func(*Options){local}, nil, 200},
		"beyond loopback, any":             {[]func(*Options){beyond}, []string{"X-Api-Key", "x"}, 401},
		"beyond loopback, right":           {[]func(*Options){beyond, with("k1")}, []string{"X-Api-Key", "k1"}, 200},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.options...)
			for _, path := range []string{"/api/backups", "/api/backups/" + finishedID, "/api/backups/" + finishedID + "/download", "/api/backups/" + finishedID + "/generate-download-url", "/api/drives"} {
				w := s.get(t, path, c.headers...)
				if w.Code != c.status {
					t.Errorf("%s: status %d, want %d", path, w.Code, c.status)
				}
				if c.status == 401 {
					wantError(t, w, 401)
				}
			}
		})
	}
	if said := wantError(t, newSite(t, beyond).get(t, "/api/backups"), 401); !strings.Contains(said, "http.api_keys") {
		t.Errorf("%q does not say what to configure", said)
	}
}

// link asks for a download link and returns it; with the key k1 where no headers are given.
func (s *site) link(t *testing.T, path string, headers ...string) *url.URL {
	t.Helper()
	if len(headers) == 0 {
		headers = []string{"X-Api-Key", "k1"}
	}
	w := s.get(t, path, headers...)
	var answer struct {
		URL       string `json:"Url"`
		ExpiresAt time.Time
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if life := answer.ExpiresAt.Sub(s.now); life <= 0 || life > 10*time.Minute {
		t.Errorf("the link lives for %s", life)
	}
	link, err := url.Parse(answer.URL)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func TestDownloadLinks(t *testing.T) {
	s := newSite(t, func(o *Options) { o.APIKeys = keys("k1"); o.AppURL = "https://backups.example/" })
	second := s.store.backups[2]
	second.ID = driveID
	s.store.backups = append(s.store.backups, second)
	link := s.link(t, "/api/backups/"+finishedID+"/generate-download-url?DriveFileId="+copyID)
	if got := link.Scheme + "://" + link.Host; got != "https://backups.example" {
		t.Errorf("the link begins with %s", got)
	}
	w := s.get(t, link.RequestURI())
	if w.Code != http.StatusOK || w.Body.String() != "dump content" {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if got, want := w.Header().Get("Content-Disposition"), `attachment; filename="a.sql.zst"; filename*=UTF-8''a.sql.zst`; got != want {
		t.Errorf("Content-Disposition %q, want %q", got, want)
	}
	if got := w.Header().Get("Content-Length"); got != "12" {
		t.Errorf("Content-Length %q", got)
	}

	change := func(name, value string) string {
		query := link.Query()
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
		return link.Path + "?" + query.Encode()
	}
	for name, path := range map[string]string{
		"for another backup": strings.Replace(link.RequestURI(), finishedID, driveID, 1),
		"for another copy":   change("DriveFileId", failedCopy),
		"for any copy":       change("DriveFileId", ""),
		"for longer":         change("Expires", "99999999999"),
		"not a time":         change("Expires", "x"),
		"other signature":    change("Signature", "AAAA"),
		"no signature":       change("Signature", ""),
		"not a signature":    change("Signature", "!"),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, s.get(t, path), http.StatusUnauthorized) })
	}

	s.now = s.now.Add(10 * time.Minute)
	if said := wantError(t, s.get(t, link.RequestURI()), http.StatusUnauthorized); !strings.Contains(said, "expired") {
		t.Errorf("an old link says %q", said)
	}
}

func TestDownloadLinksOfAnotherKeyAreRefused(t *testing.T) {
	link := newSite(t).link(t, "/api/backups/"+finishedID+"/generate-download-url")
	other := newSite(t, func(o *Options) { o.SigningKey = nil })
	wantError(t, other.get(t, link.RequestURI()), http.StatusUnauthorized)
}

func TestDownloadThatBreaksCutsTheConnection(t *testing.T) {
	for name, change := range map[string]func(*site){
		"read error": func(s *site) { s.backups.cut = errors.New("the drive went away") },
		"short copy": func(s *site) { s.backups.content = "dump" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			change(s)
			response, err := http.Get(s.live(t).URL + "/api/backups/" + finishedID + "/download")
			if err != nil {
				return // The connection was cut before the headers were sent.
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); err == nil {
				t.Errorf("a broken download came to a regular end: %q", body)
			}
		})
	}
}
