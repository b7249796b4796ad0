package archive_test

import (
	"bytes"
	"errors"
	"io"
	"path"
	"reflect"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// hostileNames are labels that mean something to a shell, to a program's options or to a
// file system.
var hostileNames = []string{"shop", "", ".", "..", "...", "-", "--", "--defaults-extra-file=/tmp/x", "-oProxyCommand=x", "../../etc/x", "/etc/passwd", `..\..\x`,
	"a/b", "a\x00b", "a\nb", "$(id)", "`id`", "a;b|c&d", "'\"", "é", "日本語", "\xff\xfe", "\ufffd", "con", "a.", ".a", ".backupman", "a-20260101000000-0123456789ab.sql",
	strings.Repeat("x", 300), strings.Repeat("-", 300), strings.Repeat("é", 300), strings.Repeat("../", 100), "~", "~root", "%2e%2e%2f", "a\u202eb", "*?[x]"}

// safeElement reports whether a name is one element of a path that no program takes for
// anything else.
func safeElement(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return name != "" && len(name) <= 255 && name[0] != '.' && name[0] != '-'
}

func FuzzNames(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name, "0192f0c1-2345-7890-abcd-ef0123456789", int64(1_790_000_000), uint8(0))
	}
	f.Add("shop", "0192f0c1-2345-7890-abcd-ef0123456789", int64(-1), uint8(1))
	compressions := []models.Compression{models.CompressionZstd, models.CompressionGzip, models.CompressionNone}
	f.Fuzz(func(t *testing.T, label, id string, seconds int64, kind uint8) {
		folder := archive.Folder(label)
		if !safeElement(folder) || archive.Folder(folder) != folder {
			t.Fatalf("the folder of %q is %q", label, folder)
		}
		if !isID(id) {
			id = "0192f0c1-2345-7890-abcd-ef0123456789"
		}
		// The years from 1 to 9999 have four digits.
		at := time.Unix(-62135596800+(seconds&(1<<62-1))%315537897600, 0).UTC()
		c := compressions[int(kind)%len(compressions)]
		encryption := []string{"", models.EncryptionAge}[kind/8%2]
		name := archive.FileName(label, at, id, "sql", c, encryption)
		if !safeElement(name) {
			t.Fatalf("the file of %q is %q", label, name)
		}
		key := archive.Key(label, name)
		if path.Clean(key) != key || path.Dir(key) != folder || path.Base(key) != name {
			t.Fatalf("the key of %q is %q", label, key)
		}
		want := archive.NameParts{Label: folder, At: at, ShortID: models.ShortID(id), Extension: "sql", Compression: c, Encryption: encryption}
		if got, ok := archive.ParseFileName(name); !ok || got != want {
			t.Fatalf("%q is read as %+v, %v, want %+v", name, got, ok, want)
		}
	})
}

func isID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		if !strings.Contains("0123456789abcdef-", id[i:i+1]) || (id[i] == '-') != (i == 8 || i == 13 || i == 18 || i == 23) {
			return false
		}
	}
	return true
}

func FuzzParseFileName(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name)
		f.Add(name + "-20260101000000-0123456789ab.sql.zst")
	}
	f.Add("shop-20260230000000-0123456789ab.sql")
	f.Add("shop-20260101000000-0123456789ab.dump.gz")
	f.Add("shop-20260101000000-0123456789ab.dump.gz.age")
	f.Fuzz(func(t *testing.T, name string) {
		p, ok := archive.ParseFileName(name)
		if !ok {
			return
		}
		if !safeElement(p.Label) || !safeElement(p.Extension) || strings.ContainsAny(name, "/\\\x00\n") {
			t.Fatalf("%q is read as %+v", name, p)
		}
		// An id of twelve digits makes the name again.
		again := archive.FileName(p.Label, p.At, shortOf(p.ShortID), p.Extension, p.Compression, p.Encryption)
		if again != name {
			t.Fatalf("%q is read as what makes %q", name, again)
		}
	})
}

// shortOf returns an id that models.ShortID makes a short one of.
func shortOf(short string) string {
	return "00000000-0000-" + short[:4] + "-0000-0000" + short[4:]
}

func FuzzDecodeManifest(f *testing.F) {
	whole, err := archive.EncodeManifest(models.Manifest{BackupID: "x", Inventory: models.Inventory{Database: "shop", Tables: []models.TableDigest{{Name: "orders", Rows: 3}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	for _, text := range []string{"", "null", "{}", "[]", `{"Format":"backupman-manifest"}`, `{"Format":"backupman-manifest","Version":99}`, `{"Format":"backupman-manifest","Version":-1}`,
		`{"Format":"backupman-manifest","Inventory":{"Tables":[null,{}]}}`, `{"format":"backupman-manifest","Inventory":null}`, strings.Repeat("[", 2000), `{"Format":"backupman-manifest","BackupID":"../../x"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := archive.DecodeManifest(text)
		if err != nil {
			return
		}
		again, err := archive.EncodeManifest(m)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		same, err := archive.DecodeManifest(again)
		m.Version = models.ManifestVersion
		if err != nil || !bytes.Equal(encoded(t, same), again) || same.BackupID != m.BackupID || !reflect.DeepEqual(same.Inventory.Tables, m.Inventory.Tables) && len(m.Inventory.Tables) > 0 {
			t.Fatalf("%v: %+v came back as %+v", err, m, same)
		}
	})
}

func encoded(t *testing.T, m models.Manifest) []byte {
	t.Helper()
	text, err := archive.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// allocated is how many bytes this process has asked for so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

const (
	// mostRead is where reading a dump ends here, for a small file may hold a large one.
	mostRead = 1 << 20
	// mostMemory is what reading that far may ask for: the window of zstd is 128 MiB at
	// most, and more than one buffer of that size may be in use.
	mostMemory = 600 << 20
)

func packed(tb testing.TB, raw []byte, c models.Compression) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, c)
	if err == nil {
		_, err = w.Write(raw)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func FuzzDecode(f *testing.F) {
	for _, raw := range [][]byte{nil, []byte("x"), []byte(strings.Repeat("INSERT INTO t VALUES (1);\n", 500))} {
		f.Add(packed(f, raw, models.CompressionZstd), true)
		f.Add(packed(f, raw, models.CompressionGzip), false)
	}
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff}, true)                              // a window that is too large
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x03, 0xff, 0xff}, true)            // 128 MiB
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 1, 2, 3, 4, 5, 6, 7, 8}, true)            // a length that is too large
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff}, true)                  // a frame to be skipped
	f.Add([]byte{0x1f, 0x8b, 8, 0x1f, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 'x', 0, 'y'}, false) // every part of a header
	f.Fuzz(func(t *testing.T, file []byte, zstd bool) {
		c := models.CompressionGzip
		if zstd {
			c = models.CompressionZstd
		}
		before := allocated()
		r, err := archive.Decode(bytes.NewReader(file), c)
		if err == nil {
			_, _ = io.CopyN(io.Discard, r, mostRead)
			_ = r.Close()
		}
		if used := allocated() - before; used > mostMemory {
			t.Fatalf("%d bytes were asked for to read %d", used, len(file))
		}
	})
}

// fastPacker packs as NewWriter does, with one encoder for all, which costs far less.
func fastPacker(f *testing.F) func(t *testing.T, raw []byte, c models.Compression) []byte {
	f.Helper()
	zip := gzip.NewWriter(nil)
	zst, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(2<<20))
	if err != nil {
		f.Fatal(err)
	}
	return func(t *testing.T, raw []byte, c models.Compression) []byte {
		t.Helper()
		var out bytes.Buffer
		var w interface {
			io.WriteCloser
			Reset(out io.Writer)
		} = zip
		if c == models.CompressionZstd {
			w = zst
		}
		w.Reset(&out)
		_, err := w.Write(raw)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
}

// FuzzTruncated wants the reader of a file to tell that its end is missing.
func FuzzTruncated(f *testing.F) {
	for _, raw := range []string{"", "x", strings.Repeat("INSERT INTO t VALUES (1);\n", 500)} {
		for cut := range uint16(16) {
			f.Add([]byte(raw), cut, true)
			f.Add([]byte(raw), cut, false)
		}
	}
	pack := fastPacker(f)
	f.Fuzz(func(t *testing.T, raw []byte, cut uint16, zstd bool) {
		c := models.CompressionGzip
		if zstd {
			c = models.CompressionZstd
		}
		file := pack(t, raw, c)
		if got, err := unpacked(file, c); err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%d bytes came back as %d: %v", len(raw), len(got), err)
		}
		if len(file) == 0 {
			t.Fatal("a packed file is empty")
		}
		short := file[:int(cut)%len(file)]
		got, err := unpacked(short, c)
		if err == nil {
			t.Fatalf("%d of %d bytes are read as whole", len(short), len(file))
		}
		if !bytes.HasPrefix(raw, got) {
			t.Fatal("what is read of a part is something else")
		}
	})
}

func unpacked(file []byte, c models.Compression) ([]byte, error) {
	r, err := archive.Decode(bytes.NewReader(file), c)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
