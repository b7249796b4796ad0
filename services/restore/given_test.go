package restore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
)

// newMariaDBWorld backs a database up that a MariaDB server has. The data source "itself"
// is another database of that server, by another address.
func newMariaDBWorld(t *testing.T) (*world, *servers.MySQL) {
	t.Helper()
	server := servers.MariaDB(t)
	w := newWorld(t, "nas")
	// A server's account must be able to pass through.
	shared, err := os.MkdirTemp("", "bm")
	w.must(err)
	t.Cleanup(func() { _ = os.RemoveAll(shared) })
	w.must(os.Chmod(shared, 0o711))
	w.shared = shared
	name := server.Database(t)
	server.Exec(t, name, "CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(20)) ENGINE=InnoDB", "CREATE VIEW v AS SELECT b FROM t",
		"INSERT INTO t VALUES (1, 'one'), (2, NULL), (3, '')")
	settings := models.Settings{"host": server.Host, "port": strconv.Itoa(server.Port), "user": server.User, "password": server.Password, "db_name": name, "tls": "false"}
	bySocket := models.Settings{"host": server.Socket, "user": server.User, "password": server.Password, "db_name": server.Database(t), "tls": "false"}
	plan := w.plan
	plan.Sources = append(plan.Sources, models.Source{Label: "maria", Provider: "mysql", Settings: settings}, models.Source{Label: "itself", Provider: "mysql", Settings: bySocket})
	plan.Jobs[0].Source = "maria"
	w.plan = plan
	w.must(w.catalog.Apply(t.Context(), plan))
	w.job, err = w.store.JobByLabel(t.Context(), "shop-nightly")
	w.must(err)
	w.restore = w.service(restore.Options{})
	return w, server
}

// spare starts another server, as the data source "spare".
func (w *world) spare() source.Target {
	w.t.Helper()
	kind, err := source.Lookup("mysql")
	w.must(err)
	dir := filepath.Join(w.shared, "spare")
	w.must(os.Mkdir(dir, 0o711))
	b := w.backUp()
	m, err := w.store.Manifest(w.t.Context(), b.ID)
	w.must(err)
	started, err := kind.StartScratch(w.t.Context(), source.ScratchRequest{Dir: dir, Inventory: m.Inventory, Log: w.t.Output()})
	w.must(err)
	w.t.Cleanup(func() { _ = started.Stop() })
	w.plan.Sources = append(w.plan.Sources, models.Source{Label: "spare", Provider: "mysql", Settings: started.Settings})
	w.must(w.catalog.Apply(w.t.Context(), w.plan))
	target, err := kind.OpenTarget("spare", started.Settings)
	w.must(err)
	w.must(target.Create(w.t.Context(), ""))
	return target
}

func (w *world) drillOn(b models.Backup, scratch string) models.Drill {
	w.t.Helper()
	d, err := w.restore.Drill(w.t.Context(), models.DrillRequest{BackupID: b.ID, Scratch: scratch})
	w.must(err)
	w.wantNothingLeft()
	return d
}

// databases counts the scratch databases on the spare server.
func (w *world) databases(drillID string) int {
	w.t.Helper()
	_, kind, row, err := w.catalog.OpenSource(w.t.Context(), w.sourceID("spare"))
	w.must(err)
	settings := models.Settings{}
	for name, value := range row.Settings {
		settings[name] = value
	}
	settings["db_name"] = "backupman_scratch_0123456789ab_" + strings.ReplaceAll(drillID, "-", "")
	target, err := kind.OpenTarget("spare", settings)
	w.must(err)
	state, err := target.Look(w.t.Context())
	w.must(err)
	if state.Exists {
		return 1
	}
	return 0
}

func (w *world) sourceID(label string) string {
	w.t.Helper()
	row, err := w.store.SourceByLabel(w.t.Context(), label)
	w.must(err)
	return row.ID
}

func TestADrillOnAPrivateMariaDB(t *testing.T) {
	w, _ := newMariaDBWorld(t)
	d := w.drillOn(w.backUp(), "")
	w.wantOutcome(d, models.DrillProven, models.LevelEquals, "1 table, 3 rows")
	if !strings.Contains(d.Server, "MariaDB") || d.Scratch != models.ScratchTemporary {
		t.Errorf("on %s (%s)", d.Server, d.Scratch)
	}
}

func TestADrillOnAGivenServer(t *testing.T) {
	w, _ := newMariaDBWorld(t)
	w.spare()
	d := w.drillOn(w.backUp(), "spare")
	w.wantOutcome(d, models.DrillProven, models.LevelEquals, "1 table, 3 rows")
	if d.Server == "" || w.databases(d.ID) != 0 {
		t.Errorf("on %q, and the scratch database is there", d.Server)
	}
}

func TestGivenServersThatAreRefused(t *testing.T) {
	w, server := newMariaDBWorld(t)
	b := w.backUp()
	for scratch, says := range map[string]string{
		"maria":  "is the backed up database itself",
		"itself": "is the one that the backed up database",
		"shop":   "name a server of the same kind",
		"nobody": `no data source "nobody"`,
	} {
		w.wantOutcome(w.drillOn(b, scratch), models.DrillUnverified, models.LevelDecodes, says)
	}
	t.Run("the source can't be asked", func(t *testing.T) {
		w.spare()
		for i := range w.plan.Sources {
			if w.plan.Sources[i].Label == "maria" {
				w.plan.Sources[i].Settings["port"] = "1"
			}
		}
		w.must(w.catalog.Apply(t.Context(), w.plan))
		w.wantOutcome(w.drillOn(b, "spare"), models.DrillUnverified, models.LevelDecodes, "can't be told, so it is not used")
	})
	if names := server.Client(t, "", strings.NewReader("SHOW DATABASES LIKE 'backupman\\_scratch%'")); strings.Contains(names, "scratch") {
		t.Errorf("left on the source's server: %s", names)
	}
}

// A server that does not answer at the end of a drill is asked again later.
func TestAScratchDatabaseThatCantBeDropped(t *testing.T) {
	w, _ := newMariaDBWorld(t)
	w.spare()
	b := w.backUp()
	away := true
	w.targets(func(t *target) {
		t.drop = func() error {
			if away {
				return errors.New("connection refused")
			}
			return nil
		}
	})
	d, err := w.restore.Drill(t.Context(), models.DrillRequest{BackupID: b.ID, Scratch: "spare"})
	w.must(err)
	w.wantOutcome(d, models.DrillProven, models.LevelEquals, "equal")
	if left := w.leftOvers(); len(left) != 1 || w.databases(d.ID) != 1 {
		t.Errorf("left: %v", left)
	}
	if err := w.restore.Recover(t.Context()); err == nil || len(w.leftOvers()) != 1 {
		t.Errorf("while it is away: %v, left %v", err, w.leftOvers())
	}
	away = false
	w.must(w.restore.Recover(t.Context()))
	w.wantNothingLeft()
	if w.databases(d.ID) != 0 {
		t.Error("the scratch database is left")
	}
}

// A process that dies leaves a server, or a database on a given one. Both go.
func TestMariaDBDrillsWhoseProcessIsKilled(t *testing.T) {
	for _, scratch := range []string{models.ScratchTemporary, "spare"} {
		t.Run(scratch, func(t *testing.T) {
			w, _ := newMariaDBWorld(t)
			w.spare()
			b := w.backUp()
			w.kill(killedRun{Phase: models.RestoreComparing, Scratch: scratch, Backup: b.ID})
			drills, err := w.store.Drills(t.Context(), b.ID)
			if err != nil || len(drills) != 1 {
				t.Fatalf("drills: %+v (%v)", drills, err)
			}
			if there := w.databases(drills[0].ID); scratch == "spare" && there != 1 {
				t.Error("there is no scratch database to drop")
			}
			w.must(w.restore.Recover(t.Context()))
			w.wantNothingLeft()
			if w.databases(drills[0].ID) != 0 {
				t.Error("the scratch database is left")
			}
			links, _ := filepath.Glob("/proc/[0-9]*/cwd")
			for _, link := range links {
				if at, _ := os.Readlink(link); strings.HasPrefix(at, filepath.Join(w.shared, "backupman-scratch-")) {
					t.Errorf("%s works in %s", link, at)
				}
			}
		})
	}
}

// The drill of a machine that is gone leaves nothing but its id, which names its database.
func TestAScratchDatabaseOfAnotherMachine(t *testing.T) {
	w, _ := newMariaDBWorld(t)
	spare := w.spare()
	b := w.backUp()
	id, long := models.NewID(), models.Now().Add(-restoreSilence)
	w.must(w.store.InsertDrill(t.Context(), models.Drill{ID: id, BackupID: b.ID, Scratch: "spare", Phase: models.RestoreComparing, RunnerID: models.NewID(), SeenAt: &long, CreatedAt: long}))
	_, kind, row, err := w.catalog.OpenSource(t.Context(), w.sourceID("spare"))
	w.must(err)
	row.Settings["db_name"] = fmt.Sprintf("backupman_scratch_0123456789ab_%s", strings.ReplaceAll(id, "-", ""))
	made, err := kind.OpenTarget("spare", row.Settings)
	w.must(err)
	w.must(made.Create(t.Context(), ""))
	w.silence()
	w.must(w.restore.Recover(t.Context()))
	if w.databases(id) != 0 {
		t.Error("the scratch database is left")
	}
	if state, err := spare.Look(t.Context()); err != nil || !state.Exists {
		t.Errorf("another database of the server is gone: %+v (%v)", state, err)
	}
	w.wantNothingLeft()
}
