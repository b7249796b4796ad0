package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

func TestApplyKeepsSecretsOutOfTheStore(t *testing.T) {
	store := newStore()
	c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"})
	if err := c.Apply(t.Context(), plan("shop", "nas")); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(store.applied.Sources)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(text) + fmt.Sprint(store.applied.Drives); strings.Contains(text, "secret") || !strings.Contains(text, "host-of-shop") {
		t.Errorf("the store got %s", text)
	}
	_, kind, row, err := c.OpenSource(t.Context(), "id-shop")
	if err != nil {
		t.Fatal(err)
	}
	if kind.Extension != "sql" || row.ID != "id-shop" || row.Settings["password"] != "secret-of-shop" {
		t.Errorf("opened kind %q, row %q without its secret", kind.Extension, row.ID)
	}
	opened, drow, err := c.OpenDrive(t.Context(), "id-nas")
	if err != nil {
		t.Fatal(err)
	}
	if got := bare(t, opened).settings["key"]; got != "secret-of-nas" || drow.ID != "id-nas" {
		t.Errorf("the drive was opened with %q, row %q", got, drow.ID)
	}
}

func TestAPassphraseMayBeAStoredSecret(t *testing.T) {
	store := newStore()
	store.jobs = []models.Job{{ID: "1", Label: "phrase"}}
	for name, want := range map[string]string{"known": "correct horse battery", "unknown": ""} {
		c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"}, catalog.WithSecrets(fakeSecrets{"known": "correct horse battery"}))
		p := plan("shop", "nas")
		p.Jobs = []models.PlannedJob{{Job: store.jobs[0], Passphrase: models.NewSecret("${secret:" + name + "}")}}
		if err := c.Apply(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		got, err := c.Passphrase(t.Context(), "1")
		if got.Reveal() != want || (want == "") != errors.Is(err, models.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.Contains(err.Error(), `the job "phrase" takes its passphrase`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysStayInMemory(t *testing.T) {
	store := newStore()
	store.jobs = []models.Job{{ID: "1", Label: "phrase"}, {ID: "2", Label: "keys"}, {ID: "3", Label: "gone"}}
	c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"})
	p := plan("shop", "nas")
	p.Jobs = []models.PlannedJob{{Job: store.jobs[0], Passphrase: models.NewSecret("correct horse battery")}, {Job: store.jobs[1], Identity: models.NewSecret("AGE-SECRET-KEY-1")}}
	if err := c.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for _, j := range store.applied.Jobs {
		if !j.Passphrase.Empty() || !j.Identity.Empty() {
			t.Errorf("the store got the keys of %s", j.Job.Label)
		}
	}
	for id, want := range map[string]models.Unlock{
		"1": {Passphrase: p.Jobs[0].Passphrase}, "2": {Identity: p.Jobs[1].Identity}, "3": {},
	} {
		got, err := c.Unlock(t.Context(), id)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("job %s opens with another key (%v)", id, err)
		}
		if phrase, err := c.Passphrase(t.Context(), id); err != nil || phrase != want.Passphrase {
			t.Errorf("job %s encrypts with another passphrase (%v)", id, err)
		}
	}
	if _, err := c.Unlock(t.Context(), "4"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestWhatLeftTheConfigurationDoesNotOpen(t *testing.T) {
	store := newStore()
	c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"})
	for _, p := range []models.Plan{plan("shop", "nas"), plan("crm", "usb")} {
		if err := c.Apply(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	_, _, row, err := c.OpenSource(t.Context(), "id-shop")
	if want := `the data source "shop" of this job is no longer in the configuration: add it again or remove the job`; !errors.Is(err, models.ErrNotFound) || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if row.Label != "shop" {
		t.Errorf("the row is %q, and is told even when it does not open", row.Label)
	}
	if _, _, err := c.OpenDrive(t.Context(), "id-nas"); !errors.Is(err, models.ErrNotFound) || !strings.Contains(err.Error(), `the drive "nas"`) {
		t.Errorf("got %v", err)
	}
	if _, _, _, err := c.OpenSource(t.Context(), "id-crm"); err != nil {
		t.Errorf("the new source: %v", err)
	}
}

func TestUnknownRows(t *testing.T) {
	c := catalog.New(newStore(), sourceKind, driveKind, drive.Place{Installation: "here"})
	_, _, _, err := c.OpenSource(t.Context(), "id-none")
	if !errors.Is(err, models.ErrNotFound) || !strings.Contains(err.Error(), "add it to the configuration again") {
		t.Errorf("source: %v", err)
	}
	if _, _, err := c.OpenDrive(t.Context(), "id-none"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("drive: %v", err)
	}
	if _, err := c.Job(t.Context(), "id-none"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("job: %v", err)
	}
}

func TestAStoreThatRefusesKeepsTheOldPlan(t *testing.T) {
	store := newStore()
	c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"})
	if err := c.Apply(t.Context(), plan("shop", "nas")); err != nil {
		t.Fatal(err)
	}
	store.refuse = errors.New("disk on fire")
	if err := c.Apply(t.Context(), plan("crm", "usb")); !errors.Is(err, store.refuse) {
		t.Errorf("got %v", err)
	}
	if _, _, _, err := c.OpenSource(t.Context(), "id-shop"); err != nil {
		t.Errorf("the old source: %v", err)
	}
}

func TestUnknownKindIsRefusedBeforeTheStore(t *testing.T) {
	store := newStore()
	c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"})
	p := plan("shop", "nas")
	p.Sources[0].Provider = "oracle"
	if err := c.Apply(t.Context(), p); !errors.Is(err, models.ErrNotFound) || !strings.Contains(err.Error(), `"shop"`) {
		t.Errorf("got %v", err)
	}
	if len(store.applied.Sources) != 0 {
		t.Error("the store got a plan whose secrets are not known")
	}
}

func TestOpenErrorsNameTheThing(t *testing.T) {
	c := catalog.New(newStore(), sourceKind, driveKind, drive.Place{Installation: "here"})
	p := plan("shop", "nas")
	p.Sources[0].Settings["host"] = "unreachable"
	if err := c.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := c.OpenSource(t.Context(), "id-shop")
	if err == nil || !strings.Contains(err.Error(), `"shop"`) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

// Opening while plans change gives one plan's settings whole.
func TestApplyWhileOpening(t *testing.T) {
	c := catalog.New(newStore(), sourceKind, driveKind, drive.Place{Installation: "here"})
	if err := c.Apply(t.Context(), plan("shop", "nas")); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				_, _, row, err := c.OpenSource(t.Context(), "id-shop")
				if err != nil || row.Settings["host"][4:] != row.Settings["password"][6:] {
					t.Errorf("mixed settings, or %v", err)
					return
				}
			}
		})
	}
	for i := range 200 {
		p := plan("shop", "nas")
		p.Sources[0].Settings = models.Settings{"host": fmt.Sprint("host", i), "password": fmt.Sprint("secret", i)}
		if err := c.Apply(t.Context(), p); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func TestLoadWritesNothing(t *testing.T) {
	store := newStore()
	server, command := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"}), catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"})
	if err := server.Apply(t.Context(), plan("shop", "nas")); err != nil {
		t.Fatal(err)
	}
	store.refuse = errors.New("a command that looks must not write")
	command.Load(plan("shop", "nas"))
	if _, _, row, err := command.OpenSource(t.Context(), "id-shop"); err != nil || row.Settings["password"] != "secret-of-shop" {
		t.Errorf("opened %q: %v", row.ID, err)
	}
}

func TestKeepReachesTheStore(t *testing.T) {
	store := newStore()
	p := plan("shop", "nas")
	p.Keep = true
	if err := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"}).Apply(t.Context(), p); err != nil || !store.applied.Keep {
		t.Errorf("the store got Keep %v: %v", store.applied.Keep, err)
	}
}

func TestJobsAreThoseOfTheConfiguration(t *testing.T) {
	store := newStore()
	c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"})
	p := plan("shop", "nas")
	p.Jobs = []models.PlannedJob{{Job: models.Job{Label: "nightly"}, Source: "shop", Drives: []string{"nas"}}}
	if err := c.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	store.jobs = []models.Job{{ID: "1", Label: "nightly"}, {ID: "2", Label: "of another file"}}
	jobs, err := c.Jobs(t.Context())
	if err != nil || len(jobs) != 1 || jobs[0].ID != "1" {
		t.Errorf("the jobs are %+v, %v", jobs, err)
	}
}

func plan(sourceLabel, driveLabel string) models.Plan {
	return models.Plan{
		Sources: []models.Source{{Label: sourceLabel, Provider: "mysql", Settings: models.Settings{"host": "host-of-" + sourceLabel, "password": "secret-of-" + sourceLabel}}},
		Drives:  []models.Drive{{Label: driveLabel, Provider: "s3", Settings: models.Settings{"bucket": "b", "key": "secret-of-" + driveLabel}}},
	}
}

func sourceKind(provider string) (source.Kind, error) {
	if provider != "mysql" {
		return source.Kind{}, models.NotFoundf("there is no kind %q", provider)
	}
	return source.Kind{
		Kind:      models.Kind{Provider: "mysql", Settings: []models.Setting{{Name: "host"}, {Name: "password", Secret: true}}},
		Extension: "sql",
		Open: func(_ string, s models.Settings) (source.Source, error) {
			if s["host"] == "unreachable" {
				return nil, errors.New("no such host")
			}
			return fakeSource{}, nil
		},
	}, nil
}

func driveKind(provider string) (drive.Kind, error) {
	if provider != "s3" {
		return drive.Kind{}, models.NotFoundf("there is no kind %q", provider)
	}
	return drive.Kind{
		Kind: models.Kind{Provider: "s3", Settings: []models.Setting{{Name: "bucket"}, {Name: "key", Secret: true}}},
		Open: func(p drive.Place) (drive.Drive, error) { return fakeDrive{settings: p.Settings}, nil },
	}, nil
}

type fakeSource struct{ source.Source }

// bare is the driver inside what the catalog opens.
func bare(t *testing.T, d drive.Drive) fakeDrive {
	t.Helper()
	f, ok := drive.As[fakeDrive](d)
	if !ok {
		t.Fatalf("%T holds no driver", d)
	}
	return f
}

func TestADriveStaysOpenUntilItsSettingsChange(t *testing.T) {
	opens := 0
	kinds := func(provider string) (drive.Kind, error) {
		kind, err := driveKind(provider)
		open := kind.Open
		kind.Open = func(p drive.Place) (drive.Drive, error) {
			opens++
			if p.Installation != "here" || p.Label != "nas" {
				t.Errorf("opened at %+v", p)
			}
			return open(p)
		}
		return kind, err
	}
	c := catalog.New(newStore(), sourceKind, kinds, drive.Place{Installation: "here"})
	open := func(bucket string, times int) {
		t.Helper()
		p := models.Plan{Drives: []models.Drive{{Label: "nas", Provider: "s3", Settings: models.Settings{"bucket": bucket}}}}
		if err := c.Apply(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, _, err := c.OpenDrive(t.Context(), "id-nas"); err != nil {
				t.Fatal(err)
			}
		}
		if opens != times {
			t.Errorf("opened %d times, want %d", opens, times)
		}
	}
	open("a", 1)
	open("a", 1)
	open("b", 2)
	c.Reopen("id-nas")
	open("b", 3)
}

type fakeDrive struct {
	drive.Drive
	settings models.Settings
}

// fakeStore gives the row of a label the id "id-" and the label, and never
// forgets one.
type fakeStore struct {
	mu      sync.Mutex
	applied models.Plan
	sources map[string]models.Source
	drives  map[string]models.Drive
	jobs    []models.Job
	refuse  error
}

func newStore() *fakeStore {
	return &fakeStore{sources: map[string]models.Source{}, drives: map[string]models.Drive{}}
}

func (s *fakeStore) ApplyPlan(_ context.Context, p models.Plan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return s.refuse
	}
	s.applied = p
	for _, row := range p.Sources {
		row.ID = "id-" + row.Label
		s.sources[row.ID] = row
	}
	for _, row := range p.Drives {
		row.ID = "id-" + row.Label
		s.drives[row.ID] = row
	}
	return nil
}

func (s *fakeStore) Job(_ context.Context, id string) (models.Job, error) {
	for _, j := range s.jobs {
		if j.ID == id {
			return j, nil
		}
	}
	return models.Job{}, models.NotFoundf("there is no job %s", id)
}

func (s *fakeStore) Jobs(context.Context) ([]models.Job, error) { return slices.Clone(s.jobs), nil }

func (s *fakeStore) Source(_ context.Context, id string) (models.Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.sources[id]
	if !ok {
		return row, models.NotFoundf("there is no source %s", id)
	}
	return row, nil
}

func (s *fakeStore) Drives(context.Context) ([]models.Drive, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.Collect(maps.Values(s.drives))
	slices.SortFunc(rows, func(a, b models.Drive) int { return strings.Compare(a.Label, b.Label) })
	return rows, nil
}

func (s *fakeStore) Drive(_ context.Context, id string) (models.Drive, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.drives[id]
	if !ok {
		return row, models.NotFoundf("there is no drive %s", id)
	}
	return row, nil
}
