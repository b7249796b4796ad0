package proof

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/sample"
)

const (
	truncations = 200
	flips       = 1000
)

// TestDamageIsFoundBeforeATargetIsTouched cuts copies at 200 places and flips 1,000
// single bits of them. Every restore must fail, and none may begin to change its target.
func TestDamageIsFoundBeforeATargetIsTouched(t *testing.T) {
	shop := filepath.Join(t.TempDir(), "shop.db")
	must(t, sample.Shop(t.Context(), shop, time.Now()))
	maria, postgres := servers.MariaDB(t), servers.Postgres(t)
	l := newLab(t, serverSource("maria", "mysql", maria.Host, maria.Port, smallMariaDB(t, maria), maria.User, maria.Password),
		serverSource("pg", "postgres", postgres.Host, postgres.Port, smallPostgres(t, postgres), postgres.User, postgres.Password),
		models.Source{Label: "lite", Provider: "sqlite", Settings: models.Settings{"db_path": shop}})
	random := rand.New(rand.NewPCG(4, 1))
	labels := []string{"maria", "pg", "lite"}
	for n, label := range labels {
		good := l.backUp(t, label)
		t.Run(label, func(t *testing.T) {
			for range share(truncations, n, len(labels)) {
				at := random.IntN(len(good.file))
				l.damaged(t, good, good.file[:at], fmt.Sprintf("cut at %d of %d", at, len(good.file)))
			}
			for range share(flips, n, len(labels)) {
				bit := random.IntN(len(good.file) * 8)
				file := slices.Clone(good.file)
				file[bit/8] ^= 1 << (bit % 8)
				l.damaged(t, good, file, fmt.Sprintf("bit %d of %d flipped", bit, len(file)*8))
			}
		})
	}
}

// share parts a number among so many, the rest to the first.
func share(number, n, among int) int {
	if n == 0 {
		return number - (among-1)*(number/among)
	}
	return number / among
}

func serverSource(label, provider, host string, port int, database, user, password string) models.Source {
	return models.Source{Label: label, Provider: provider, Settings: models.Settings{"host": host, "port": fmt.Sprint(port), "db_name": database,
		"user": user, "password": password, "tls": "preferred"}}
}

// damaged puts a spoiled copy in the good one's place and wants a restore of it to
// fail before anything is changed.
func (l *lab) damaged(t *testing.T, good made, file []byte, how string) {
	t.Helper()
	must(t, os.WriteFile(good.path, file, 0o600))
	defer func() { must(t, os.WriteFile(good.path, good.file, 0o600)) }()
	l.touched = func(what string) { t.Errorf("%s: the target was touched (%s)", how, what) }
	defer func() { l.touched = nil }()
	r, err := l.restores.Run(t.Context(), models.RestoreRequest{BackupID: good.backup.ID, Trigger: models.TriggerCLI, Confirm: "never",
		Target: models.RestoreTarget{Kind: models.TargetNew, Name: "never"}})
	if err == nil && r.Status != models.StatusFailed {
		t.Errorf("%s: the restore is %s", how, r.Status)
	}
}
