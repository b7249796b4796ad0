package restore_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
)

// forgetful is a store that keeps no restores, so that a thousand of them are quick.
type forgetful struct{ restore.Store }

func (forgetful) InsertRestore(context.Context, models.Restore) error { return nil }

func (forgetful) SettleRestore(context.Context, string, models.Status, string, string, time.Duration, time.Time) error {
	return nil
}

func (forgetful) SaveRestoreProgress(context.Context, string, string, models.RunProgress) (bool, error) {
	return false, nil
}

func (forgetful) SaveLog(context.Context, string, string) error { return nil }

// oneCopy is a drive that holds what it is told to.
type oneCopy struct {
	content  []byte
	verified int
}

func (c *oneCopy) Open(context.Context, string, string) (io.ReadCloser, models.DriveFile, error) {
	return io.NopCloser(bytes.NewReader(c.content)), models.DriveFile{}, nil
}

func (c *oneCopy) Verify(context.Context, string, string) ([]models.CopyVerdict, error) {
	c.verified++
	return nil, nil
}

// untouchable is a target that may only be looked at.
type untouchable struct {
	source.Target
	touched *[]string
}

func (u untouchable) Create(context.Context, string) error {
	*u.touched = append(*u.touched, "create")
	return nil
}

func (u untouchable) Drop(context.Context) error {
	*u.touched = append(*u.touched, "drop")
	return nil
}

func (u untouchable) Restore(context.Context, source.RestoreRequest) error {
	*u.touched = append(*u.touched, "restore")
	return nil
}

// Every truncation and every flipped bit is found before the target is touched.
func TestDamageIsFoundBeforeTheTargetIsTouched(t *testing.T) {
	w := newWorld(t, "nas")
	w.exec(w.shop, "DROP TABLE order_items; DROP TABLE orders; DELETE FROM customers WHERE id > 50; DELETE FROM products WHERE id > 50; VACUUM")
	b := w.backUp()
	var good []byte
	w.spoil("nas", b, func(p []byte) []byte { good = p; return p })
	var touched []string
	w.changed(func(k *source.Kind) {
		open := k.OpenTarget
		k.OpenTarget = func(label string, s models.Settings) (source.Target, error) {
			real, err := open(label, s)
			return untouchable{real, &touched}, err
		}
	})
	drive := &oneCopy{content: good}
	s := w.service(restore.Options{Store: forgetful{w.store}, Copies: drive})
	req := w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"})
	try := func(what string, content []byte) {
		t.Helper()
		drive.content = content
		r, err := s.Run(t.Context(), req)
		if err != nil || r.Status != models.StatusFailed || !strings.Contains(r.Error, "nothing was written") || len(touched) > 0 {
			t.Fatalf("%s: %s: %s, touched %v (%v)", what, r.Status, r.Error, touched, err)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		n := i * len(good) / 200
		try(fmt.Sprintf("cut at %d", n), good[:n])
	}
	for range 1000 {
		bit := random.IntN(len(good) * 8)
		changed := bytes.Clone(good)
		changed[bit/8] ^= 1 << (bit % 8)
		try(fmt.Sprintf("bit %d", bit), changed)
	}
	if drive.verified != 1200 {
		t.Errorf("%d damaged copies were told", drive.verified)
	}
	if drive.content = good; w.rows(filepath.Join(filepath.Dir(w.shop), "copy.db"), "SELECT 1") != -1 {
		t.Error("there is a database")
	}
	if r, err := s.Run(t.Context(), req); err != nil || r.Status != models.StatusFinished || strings.Join(touched, " ") != "create restore" {
		t.Errorf("the good copy: %s: %s, touched %v (%v)", r.Status, r.Error, touched, err)
	}
}

// A manifest that tells the digest of what is not the dump is found out by the dump itself.
func TestAWrongManifestIsFoundBeforeTheTargetIsTouched(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	s := w.service(restore.Options{Store: lyingStore{w.store, func(m *models.Manifest) { m.Inventory.Tables[0].Rows++ }}})
	r, err := s.Run(t.Context(), w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"}))
	w.must(err)
	w.wantFailed(r, "does not hold what its manifest says", "restore it as an uploaded file", "nothing was written")
	if w.rows(filepath.Join(filepath.Dir(w.shop), "copy.db"), "SELECT 1") != -1 {
		t.Error("there is a database")
	}
}
