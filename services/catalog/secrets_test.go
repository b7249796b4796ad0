package catalog_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
)

// fakeSecrets are stored secrets by name; one whose text is "sealed" can't be opened.
type fakeSecrets map[string]string

func (s fakeSecrets) Reveal(_ context.Context, name string) (models.Secret, error) {
	switch text, ok := s[name]; {
	case !ok:
		return models.Secret{}, models.NotFoundf("there is no secret %s", name)
	case text == "sealed":
		return models.Secret{}, models.Conflictf("it was sealed with another key")
	case text == "away":
		return models.Secret{}, errors.New("the database is away")
	default:
		return models.NewSecret(text), nil
	}
}

// referring is a plan whose secrets are stored.
func referring() models.Plan {
	p := plan("shop", "nas")
	p.Sources[0].Settings["password"] = "${secret:db}"
	p.Drives[0].Settings["key"] = "${secret:s3}"
	p.Jobs = []models.PlannedJob{{Job: models.Job{Label: "nightly"}, Passphrase: models.NewSecret("${secret:db}")}}
	return p
}

func TestStoredSecretsAreOpenedWithWhatUsesThem(t *testing.T) {
	secrets := fakeSecrets{"db": "first", "s3": "one"}
	store := newStore()
	c := catalog.New(store, sourceKind, driveKind, drive.Place{Installation: "here"}, catalog.WithSecrets(secrets))
	p := referring()
	if err := c.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time with other values, and the same plan
		_, _, row, err := c.OpenSource(t.Context(), "id-shop")
		if err != nil {
			t.Fatal(err)
		}
		if got := row.Settings["password"]; got != secrets["db"] {
			t.Errorf("the source is opened with %q, want %q", got, secrets["db"])
		}
		opened, _, err := c.OpenDrive(t.Context(), "id-nas")
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := c.OpenDrive(t.Context(), "id-nas")
		if err != nil {
			t.Fatal(err)
		}
		if got := bare(t, opened).settings["key"]; got != secrets["s3"] {
			t.Errorf("the drive is opened with %q, want %q", got, secrets["s3"])
		}
		if opened != again {
			t.Error("a drive whose secret is the same was opened anew")
		}
		secrets["db"], secrets["s3"] = "second", "two"
	}
	if p.Sources[0].Settings["password"] != "${secret:db}" {
		t.Error("the plan itself was changed")
	}
}

func TestSecretsThatDoNotOpen(t *testing.T) {
	for name, c_ := range map[string]struct {
		secrets catalog.Secrets
		kind    error
		says    []string
	}{
		"not stored":      {fakeSecrets{}, models.ErrNotFound, []string{`the data source "shop" takes its password from the stored secret db`, "backupman secret set db"}},
		"of another key":  {fakeSecrets{"db": "sealed"}, models.ErrConflict, []string{"stored secret db, which can't be opened: it was sealed with another key"}},
		"none to be had":  {nil, models.ErrConflict, []string{"stored secret db"}},
		"a store is away": {fakeSecrets{"db": "away"}, nil, []string{"stored secret db", "the database is away"}},
	} {
		t.Run(name, func(t *testing.T) {
			var options []catalog.Option
			if c_.secrets != nil {
				options = append(options, catalog.WithSecrets(c_.secrets))
			}
			c := catalog.New(newStore(), sourceKind, driveKind, drive.Place{}, options...)
			if err := c.Apply(t.Context(), referring()); err != nil {
				t.Fatal(err)
			}
			_, _, row, err := c.OpenSource(t.Context(), "id-shop")
			if err == nil || row.Label != "shop" {
				t.Fatalf("opened the row %q: %v", row.Label, err)
			}
			var told *models.Fault
			if errors.As(err, &told) != (c_.kind != nil) || c_.kind != nil && !errors.Is(err, c_.kind) {
				t.Errorf("got %v of another kind", err)
			}
			for _, word := range c_.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
			if _, _, err := c.OpenDrive(t.Context(), "id-nas"); err == nil || !strings.Contains(err.Error(), `the drive "nas" takes its key`) {
				t.Errorf("the drive: %v", err)
			}
		})
	}
}

func TestUsesOfSecrets(t *testing.T) {
	c := catalog.New(newStore(), sourceKind, driveKind, drive.Place{})
	if err := c.Apply(t.Context(), referring()); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"db": {"data source shop: password", "job nightly: passphrase"}, "s3": {"drive nas: key"}}
	if got := c.SecretUses(); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the uses are %v, want %v", got, want)
	}
	if err := c.Apply(t.Context(), plan("shop", "nas")); err != nil {
		t.Fatal(err)
	}
	if got := c.SecretUses(); len(got) != 0 {
		t.Errorf("after they left the configuration: %v", got)
	}
}
