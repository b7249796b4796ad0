package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

func sample(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < size {
		b.WriteString("INSERT INTO orders VALUES (")
		b.WriteByte(byte(r.IntN(256)))
	}
	return b.Bytes()[:size]
}

func pack(t *testing.T, data []byte, c models.Compression) (*bytes.Buffer, *archive.Writer) {
	t.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out, w
}

func TestPackedFilesComeBack(t *testing.T) {
	for _, c := range []models.Compression{models.CompressionZstd, models.CompressionGzip, models.CompressionNone} {
		for _, size := range []int{0, 1, 128 << 10, 3<<20 + 1} {
			data := sample(size)
			out, w := pack(t, data, c)
			sum := sha256.Sum256(out.Bytes())
			if w.SHA256() != hex.EncodeToString(sum[:]) || w.Size() != int64(out.Len()) || w.RawSize() != int64(size) {
				t.Errorf("%s, %d bytes: the writer's figures are not those of its output", c, size)
			}
			if err := archive.Verify(bytes.NewReader(out.Bytes()), w.Size(), w.SHA256()); err != nil {
				t.Errorf("%s: verify: %v", c, err)
			}
			r, err := archive.Decode(out, c)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := io.ReadAll(r); err != nil || !bytes.Equal(back, data) {
				t.Errorf("%s: %d bytes came back as %d (%v)", c, size, len(back), err)
			}
		}
	}
}

func TestStockToolsReadPackedFiles(t *testing.T) {
	data := sample(20 << 20)
	for c, tool := range map[models.Compression][]string{models.CompressionZstd: {"zstd", "-dc"}, models.CompressionGzip: {"gzip", "-dc"}} {
		out, _ := pack(t, data, c)
		cmd := exec.CommandContext(t.Context(), needs.Program(t, tool[0], tool[0]), tool[1:]...)
		cmd.Stdin = out
		if back, err := cmd.Output(); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%s gave back %d of %d bytes (%v)", tool[0], len(back), len(data), err)
		}
	}
}

func TestDamageIsFound(t *testing.T) {
	out, w := pack(t, sample(300<<10), models.CompressionZstd)
	whole := out.Bytes()
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, bad := range map[string][]byte{"a flipped bit": flipped, "one byte short": whole[:len(whole)-1], "one byte more": append(bytes.Clone(whole), 0), "nothing": nil} {
		if err := archive.Verify(bytes.NewReader(bad), w.Size(), w.SHA256()); !errors.Is(err, models.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownCompression(t *testing.T) {
	if _, err := archive.NewWriter(io.Discard, "rar"); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestNamesAreSafePathElements(t *testing.T) {
	at := time.Date(2025, 7, 2, 12, 0, 0, 0, time.FixedZone("", 2*3600))
	id := "0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b"
	if got, want := archive.FileName("shop", at, id, "sql", models.CompressionZstd, ""), "shop-20250702100000-7cc00e1b0e1b.sql.zst"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, label := range []string{"", ".", "..", "../../etc", "-rf", "a/b\\c", "MySQL 1", "große Datenbank 🐬", "\x00\n", strings.Repeat("x", 300), strings.Repeat("é", 200), ".hidden", "a..b"} {
		name := archive.FileName(label, at, id, "dump", models.CompressionNone, models.EncryptionAge)
		key := archive.Key(label, name)
		if path.Clean(key) != key || strings.Count(key, "/") != 1 || strings.HasPrefix(key, ".") || strings.HasPrefix(key, "-") || len(name) > 200 {
			t.Errorf("label %q became key %q", label, key)
		}
	}
}

func TestManifestRoundTrip(t *testing.T) {
	m := models.Manifest{BackupID: "b", Job: "shop", File: models.FileFacts{Name: "f", Size: 3, SHA256: "s", Compression: "zstd"},
		Inventory: models.Inventory{Tables: []models.TableDigest{{Name: "t", Rows: 2, SHA256: "x"}}}}
	text, err := archive.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	back, err := archive.DecodeManifest(text)
	if err != nil || back.Format != "backupman-manifest" || back.Version != models.ManifestVersion || back.Inventory.Tables[0] != m.Inventory.Tables[0] {
		t.Errorf("got %+v, %v", back, err)
	}
	for name, bad := range map[string]string{"not JSON": "{", "another format": `{"Format":"x"}`, "a newer version": `{"Format":"backupman-manifest","Version":99}`} {
		if _, err := archive.DecodeManifest([]byte(bad)); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesAreTakenApart(t *testing.T) {
	at, id := time.Date(2025, 7, 2, 12, 0, 0, 999, time.FixedZone("", 7200)), models.NewID()
	for _, label := range []string{"shop", "shop-nightly", "a.b-c_d", "20250702100000-0197c9a45b1e", "Ünïcode und mehr", strings.Repeat("x", 300), ""} {
		for _, c := range []models.Compression{models.CompressionZstd, models.CompressionGzip, models.CompressionNone} {
			for _, e := range []string{"", models.EncryptionAge} {
				name := archive.FileName(label, at, id, "sql", c, e)
				got, ok := archive.ParseFileName(name)
				want := archive.NameParts{Label: archive.Folder(label), At: time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC), ShortID: models.ShortID(id),
					Extension: "sql", Compression: c, Encryption: e}
				if !ok || got != want {
					t.Errorf("%s: %+v, %v", name, got, ok)
				}
			}
		}
	}
	for _, name := range []string{
		"", "shop", "shop.sql.zst", "shop-20250702100000.sql.zst", "-20250702100000-0197c9a45b1e.sql", ".x-20250702100000-0197c9a45b1e.sql",
		"shop-20251302100000-0197c9a45b1e.sql", "shop-20250702100000-0197c9a45b1.sql", "shop-20250702100000-0197C9A45B1E.sql",
		"shop-20250702100000-0197c9a45b1e.sql.zst.json", "shop-20250702100000-0197c9a45b1e.sql.zst.partial", "a/shop-20250702100000-0197c9a45b1e.sql",
		"shop-20250702100000-0197c9a45b1e", "shop-20250702100000-0197c9a45b1e.sql.age.zst", "shop-20250702100000-0197c9a45b1e.sql.zst.age.age", "shop-20250702100000-0197c9a45b1e.sql.zst\n", "sh op-20250702100000-0197c9a45b1e.sql",
	} {
		if got, ok := archive.ParseFileName(name); ok {
			t.Errorf("%q is taken for %+v", name, got)
		}
	}
}
