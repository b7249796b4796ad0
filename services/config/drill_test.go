package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

const withDrill = `data_sources:
  - {provider: mysql, label: shop, db_name: shop, user: u, host: h}
  - {provider: mysql, label: "spare server", db_name: any, user: u, host: h2}
  - {provider: postgres, label: billing, db_name: b, user: u, host: h}
  - {provider: sqlite, label: wiki, db_path: /srv/wiki.db}
  - {provider: sqlite, label: notes, db_path: /srv/notes.db}
drives: [{provider: local, label: nas, folder: /mnt/nas}]
jobs:
  - {label: j, data_source: %s, timezone: Europe/Paris, drill: %s}
`

func TestDrillsAreReadAsTheyAreWritten(t *testing.T) {
	for _, tc := range []struct {
		source, drill, cron, scratch string
		after                        bool
	}{
		{"shop", `{}`, "", "", false},
		{"shop", `{cron: "0 6 * * 0", after_backup: true, scratch: temporary}`, "0 6 * * 0", "temporary", true},
		{"shop", `{cron: "@weekly", scratch: "spare server"}`, "@weekly", "spare server", false},
		{"wiki", `{cron: "0 0 6 * * 0", scratch: temporary}`, "0 0 6 * * 0", "temporary", false},
		{"billing", `{after_backup: true}`, "", "", true},
	} {
		path := write(t, filepath.Join(t.TempDir(), "c.yaml"), fmt.Sprintf(withDrill, tc.source, tc.drill))
		c := load(t, path, options(nil))
		want := models.Job{Label: "j", Timezone: "Europe/Paris", Compression: models.CompressionZstd,
			DrillAfter: tc.after, DrillCron: tc.cron, DrillScratch: tc.scratch}
		if got := c.Jobs[0].Job; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s became\n%+v, want\n%+v", tc.drill, got, want)
		}
		if len(c.Notes) != 0 {
			t.Errorf("%s has the notes %q", tc.drill, c.Notes)
		}
	}
}

func TestScratchOnTheWrongServer(t *testing.T) {
	for _, tc := range []struct{ source, scratch, want string }{
		{"shop", "shop", `the job "j": drill.scratch names "shop", which is what the job backs up: name another data source of its kind, on another server, or write temporary`},
		{"shop", "billing", `the job "j": drill.scratch names "billing", which is of PostgreSQL: a backup of MySQL or MariaDB needs a data source of its own kind, or write temporary`},
		{"shop", "spare servr", `and there is none "spare servr": did you mean "spare server"?`},
		{"shop", "Temporary", `must be temporary or the label of a data source, and there is none "Temporary"`},
		{"wiki", "notes", `the job "j": drill.scratch must be temporary for SQLite, which needs no server, not "notes"`},
		{"wiki", "nothing", `drill.scratch must be temporary for SQLite`},
		{"gone", "nothing", `and there is none "nothing"`},
	} {
		path := write(t, filepath.Join(t.TempDir(), "c.yaml"), fmt.Sprintf(withDrill, tc.source, "{scratch: "+tc.scratch+"}"))
		_, err := config.Load(path, options(nil))
		if want := path + ":9: "; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s on %s: got\n%v\nwant %s…%s", tc.source, tc.scratch, err, want, tc.want)
		}
	}
}
