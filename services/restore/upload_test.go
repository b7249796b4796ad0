package restore_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/restore"
)

func (w *world) uploads() []string {
	w.t.Helper()
	entries, _ := os.ReadDir(filepath.Join(w.data(), "uploads"))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAnUploadIsRestored(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	packed, err := os.ReadFile(w.copyPath("nas", b))
	w.must(err)
	plain, err := os.ReadFile(w.shop)
	w.must(err)
	var gzipped bytes.Buffer
	to := gzip.NewWriter(&gzipped)
	if _, err := to.Write(plain); err != nil || to.Close() != nil {
		t.Fatal(err)
	}
	for compression, content := range map[models.Compression][]byte{models.CompressionZstd: packed, models.CompressionGzip: gzipped.Bytes(), models.CompressionNone: plain} {
		t.Run(string(compression), func(t *testing.T) {
			u, err := w.restore.Receive(t.Context(), "../../etc/shop.db", models.Unlock{}, bytes.NewReader(content))
			w.must(err)
			if u.Provider != "sqlite" || u.Compression != compression || u.Name != "shop.db" || u.Size != int64(len(content)) || u.RawSize != int64(len(plain)) || len(u.Inventory.Tables) != 4 {
				t.Errorf("got %+v", u)
			}
			if again, err := w.restore.Upload(t.Context(), u.ID); err != nil || again.SHA256 != u.SHA256 || len(again.Inventory.Objects) != len(u.Inventory.Objects) {
				t.Errorf("read again: %+v (%v)", again, err)
			}
			req := models.RestoreRequest{UploadID: u.ID, Target: models.RestoreTarget{Kind: models.TargetNew, SourceID: w.other, Name: string(compression) + ".db"},
				Confirm: string(compression) + ".db", Trigger: models.TriggerPage}
			r := w.run(req)
			w.wantFinished(r)
			if n := w.rows(r.TargetName, "SELECT count(*) FROM orders"); n != 15_000 || r.BackupID != "" || r.Label != "shop.db" {
				t.Errorf("%d rows, restore %+v", n, r)
			}
			w.must(w.restore.RemoveUpload(t.Context(), u.ID))
			if _, err := w.restore.Upload(t.Context(), u.ID); !errors.Is(err, models.ErrNotFound) || len(w.uploads()) != 0 {
				t.Errorf("removed: %v, left %v", err, w.uploads())
			}
		})
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	w := newWorld(t, "nas")
	whole, err := os.ReadFile(w.shop)
	w.must(err)
	var packed bytes.Buffer
	to, err := archive.NewWriter(&packed, models.CompressionZstd)
	w.must(err)
	_, err = to.Write(whole)
	w.must(err)
	w.must(to.Close())
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"nothing":           {nil, "empty"},
		"plain SQL":         {[]byte("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n"), "pg_dump -Fc"},
		"a picture":         {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "this is no dump"},
		"encrypted":         {[]byte("age-encryption.org/v1\n-> X25519 abc\n"), "give the private key"},
		"half a database":   {whole[:len(whole)/2], "can't be restored"},
		"a cut file":        {packed.Bytes()[:packed.Len()-20], "can't be restored"},
		"no zstd after all": {[]byte("\x28\xb5\x2f\xfdnonsense and nothing else"), "does not unpack"},
		"a letter":          {[]byte("Dear Sir or Madam,\n"), "can't be restored"},
		"half a pg_dump":    {[]byte("PGDMP\x01\x0e"), "restore"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.restore.Receive(t.Context(), "dump", models.Unlock{}, bytes.NewReader(c.content))
			if !(errors.Is(err, models.ErrInvalid) || errors.Is(err, models.ErrConflict)) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if left := w.uploads(); len(left) != 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
	_, err = w.restore.Receive(t.Context(), "dump", models.Unlock{}, io.MultiReader(bytes.NewReader(whole[:1000]), iotest.ErrReader(errors.New("connection reset"))))
	if err == nil || len(w.uploads()) != 0 {
		t.Errorf("a sender that went away: %v, left %v", err, w.uploads())
	}
}

func TestAnUploadLeavesRoomOnTheDisk(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service(restore.Options{Space: func(string) (disk.Space, error) { return disk.Space{Free: 1 << 30, Total: 1 << 40}, nil }})
	if _, err := s.Receive(t.Context(), "dump", models.Unlock{}, strings.NewReader("SELECT 1;")); !errors.Is(err, models.ErrNoSpace) || len(w.uploads()) != 0 {
		t.Errorf("got %v, left %v", err, w.uploads())
	}
}

func TestUploadsAreSweptAfterADay(t *testing.T) {
	w := newWorld(t, "nas")
	content, err := os.ReadFile(w.shop)
	w.must(err)
	u, err := w.restore.Receive(t.Context(), "shop.db", models.Unlock{}, bytes.NewReader(content))
	w.must(err)
	w.must(os.MkdirAll(filepath.Join(w.data(), "uploads", models.NewID()), 0o700)) // of a process that died
	w.must(w.restore.Recover(t.Context()))
	if got := w.uploads(); len(got) != 1 || got[0] != u.ID {
		t.Errorf("after a recovery: %v", got)
	}
	tomorrow := w.service(restore.Options{Now: func() time.Time { return models.Now().Add(25 * time.Hour) }})
	w.must(tomorrow.Recover(t.Context()))
	if got := w.uploads(); len(got) != 0 {
		t.Errorf("after a day: %v", got)
	}
}
