package plan_test

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/services/plan"
	"github.com/backupman/backupman/services/source"
)

// receivers are the settings that say who gets the secrets of a kind. Whoever adds a
// setting that does adds it here.
var receivers = map[string][]string{
	"source mysql":       {"dump_tool", "host", "port", "restore_tool", "tls", "tls_ca"},
	"source postgres":    {"dump_tool", "host", "port", "restore_tool", "tls", "tls_ca"},
	"source sqlite":      nil,
	"drive local":        nil,
	"drive s3":           {"endpoint", "region", "tls_ca"},
	"drive google_drive": nil,
	"drive sftp":         {"host", "host_key", "known_hosts", "port"},
	"drive rclone":       {"config_file", "rclone_path", "remote"},
	"drive webdav":       {"tls_ca", "url"},
	"notifier webhook":   {"url"},
	"notifier mail":      {"smtp_crypto", "smtp_host", "smtp_port"},
}

// harmless are settings that sound as if they said who gets secrets, and do not.
var harmless = []string{"server_program", "db_path"}

// telling are words in the names of settings that say where something is sent to.
var telling = regexp.MustCompile(`host|port|url|uri|endpoint|address$|server|proxy|socket|remote|tool|program|path$|tls|ssl|crypto|_ca$|issuer|gateway`)

func realKinds() config.Options {
	o := kinds()
	o.Notifiers = notify.Kinds()
	return o
}

// ofEach calls a function with every kind there is.
func ofEach(t *testing.T, do func(t *testing.T, kind models.PlanKind, k models.Kind)) {
	t.Helper()
	o := realKinds()
	for kind, all := range map[models.PlanKind][]models.Kind{models.PlanSource: o.Sources, models.PlanDrive: o.Drives, models.PlanNotifier: o.Notifiers} {
		for _, k := range all {
			t.Run(string(kind)+" "+k.Provider, func(t *testing.T) { do(t, kind, k) })
		}
	}
}

func TestEverySettingSaysWhatItDecides(t *testing.T) {
	seen := 0
	ofEach(t, func(t *testing.T, kind models.PlanKind, k models.Kind) {
		seen++
		var found []string
		for _, d := range k.Settings {
			if d.Decides == 0 {
				t.Errorf("%s says nothing of what it decides", d.Name)
			}
			if d.Receives() {
				found = append(found, d.Name)
			} else if telling.MatchString(d.Name) && !d.ForFiles() && !slices.Contains(harmless, d.Name) {
				t.Errorf("%s sounds like a place, and is not declared as one", d.Name)
			}
			if d.Places() && kind != models.PlanDrive {
				t.Errorf("%s says where copies lie, of a %s", d.Name, kind)
			}
		}
		slices.Sort(found)
		want, known := receivers[string(kind)+" "+k.Provider]
		if !known || !slices.Equal(found, want) {
			t.Errorf("who gets its secrets depends on %v, want %v", found, want)
		}
	})
	if seen != len(receivers) {
		t.Errorf("there are %d kinds, and the table has %d", seen, len(receivers))
	}
}

// Every setting of every kind is changed, with all secrets kept: those that say who gets
// them want them again, when something is checked, tried and saved.
func TestNoKeptSecretGoesToAnotherReceiver(t *testing.T) {
	ofEach(t, func(t *testing.T, kind models.PlanKind, k models.Kind) {
		w := newWorld(t)
		p := w.startWith(t, realKinds())
		fields, secrets := wholeItem(k)
		must(t, w.store.SavePlanItem(t.Context(), models.PlanChange{New: true, Revision: "0", Item: models.PlanItem{Kind: kind, Label: "it", Fields: fields}}))
		for _, d := range k.Settings {
			draft, err := p.Draft(t.Context(), kind, "it")
			must(t, err)
			if d.Secret {
				draft.Secrets[d.Name] = models.NewSecret("https://evil.example.com")
			} else {
				draft.Fields[d.Name] = "another"
			}
			_, saved := p.Save(t.Context(), draft, false, "eve")
			errs := map[string]error{"checking": p.Check(t.Context(), draft, false), "saving": saved}
			for _, name := range secrets {
				for doing, err := range errs {
					again := typedAgain(err, name)
					if want := d.Receives() && name != d.Name; again != want {
						t.Errorf("%s after %s changed: %s is wanted again: %v, which is %v", doing, d.Name, name, again, want)
					}
				}
			}
			if d.ForFiles() && !strings.Contains(faultAt(t, saved, d.Name), "configuration file") {
				t.Errorf("%s can be changed: %v", d.Name, saved)
			}
		}
	})
}

// wholeItem is an item that has a value for each setting of its kind; secrets are the names
// of those that are.
func wholeItem(k models.Kind) (fields models.Settings, secrets []string) {
	fields = models.Settings{"provider": k.Provider}
	for _, d := range k.Settings {
		fields[d.Name] = "one"
		if d.Secret {
			fields[d.Name] = "${secret:" + d.Name + "}"
			secrets = append(secrets, d.Name)
		}
	}
	return fields, secrets
}

func typedAgain(err error, field string) bool {
	var wrong models.FieldErrors
	return errors.As(err, &wrong) && strings.Contains(wrong[field], "typed again")
}

// A drive can't be made on a page that sends what a file of the machine lets in to
// elsewhere; what was set up so before goes on, and the address can be taken away.
func TestWhoGetsWhatFilesHoldIsSaidInTheFileAlone(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, "")
	fields := models.Settings{"provider": "google_drive", "folder": "x", "service_account_file": "/etc/robot.json", "api_endpoint": "https://evil.example.com"}
	draft := models.PlanDraft{Kind: models.PlanDrive, Label: "cloud", Fields: maps.Clone(fields)}
	faultAt(t, p.Check(t.Context(), draft, true), "api_endpoint")
	_, err := p.Try(t.Context(), draft)
	faultAt(t, err, "api_endpoint")
	revision, err := w.store.PlanRevision(t.Context())
	must(t, err)
	must(t, w.store.SavePlanItem(t.Context(), models.PlanChange{New: true, Revision: revision, Item: models.PlanItem{Kind: models.PlanDrive, Label: "cloud", Fields: fields}}))
	must(t, p.Check(t.Context(), draft, false))
	draft.Fields["api_endpoint"] = "https://eviler.example.com"
	faultAt(t, p.Check(t.Context(), draft, false), "api_endpoint")
	delete(draft.Fields, "api_endpoint")
	must(t, p.Check(t.Context(), draft, false))
}

// startWith makes a process that knows the given kinds and has no file.
func (w *world) startWith(t *testing.T, o config.Options) process {
	t.Helper()
	p := process{catalog: catalog.New(w.store, source.Lookup, drive.Lookup, drive.Place{Installation: "here"}, catalog.WithSecrets(w.vault))}
	p.Service = plan.New(plan.Options{Store: w.store, Catalog: p.catalog, Vault: w.vault, Kinds: o, Reach: plan.Rules, Log: discard})
	must(t, p.Use(t.Context(), config.Config{}))
	return p
}
