package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// lock packs and encrypts as a backup does.
func lock(t *testing.T, data []byte, c models.Compression, to ...age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, c, archive.EncryptTo(to...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(out.Bytes())
	if w.SHA256() != hex.EncodeToString(sum[:]) || w.Size() != int64(out.Len()) || w.RawSize() != int64(len(data)) {
		t.Errorf("%s: the writer's figures are not those of the encrypted file", c)
	}
	return out.Bytes()
}

// open decrypts and unpacks to the end.
func open(t *testing.T, file []byte, c models.Compression, with ...age.Identity) ([]byte, error) {
	t.Helper()
	plain, err := archive.Decrypt(bytes.NewReader(file), with...)
	if err != nil {
		return nil, err
	}
	r, err := archive.Decode(plain, c)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	back, err := io.ReadAll(r)
	if err == nil {
		_, err = io.Copy(io.Discard, plain) // what is behind the packed dump
	}
	return back, err
}

func TestEncryptedFilesComeBack(t *testing.T) {
	first, second := newKey(t), newKey(t)
	for _, c := range []models.Compression{models.CompressionZstd, models.CompressionGzip, models.CompressionNone} {
		for _, size := range []int{0, 1, 64 << 10, 3<<20 + 1} {
			data := sample(size)
			file := lock(t, data, c, first.Recipient(), second.Recipient())
			if !archive.IsEncrypted(file) || bytes.Contains(file, []byte("INSERT")) {
				t.Errorf("%s, %d bytes: the file is not encrypted", c, size)
			}
			for name, key := range map[string]age.Identity{"first": first, "second": second} {
				if back, err := open(t, file, c, key); err != nil || !bytes.Equal(back, data) {
					t.Errorf("%s, %d bytes, the %s key: %d bytes came back (%v)", c, size, name, len(back), err)
				}
			}
		}
	}
}

func TestTheFileKeyOpensItsOwnFileOnly(t *testing.T) {
	key := newKey(t)
	file, other := lock(t, sample(5000), models.CompressionZstd, key.Recipient()), lock(t, sample(5000), models.CompressionZstd, key.Recipient())
	of, err := archive.FileKey(bytes.NewReader(file), key)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if back, err := open(t, file, models.CompressionZstd, of); err != nil || !bytes.Equal(back, sample(5000)) {
			t.Errorf("%d bytes came back (%v)", len(back), err)
		}
	}
	if _, err := open(t, other, models.CompressionZstd, of); err == nil {
		t.Error("the key of one file opens another")
	}
}

func TestStockAgeOpensFilesOfSeveralRecipients(t *testing.T) {
	tool := needs.Program(t, "age", "age")
	keys := []*age.X25519Identity{newKey(t), newKey(t), newKey(t)}
	data := sample(1 << 20)
	file := filepath.Join(t.TempDir(), "dump.age")
	if err := os.WriteFile(file, lock(t, data, models.CompressionNone, keys[0].Recipient(), keys[1].Recipient(), keys[2].Recipient()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		cmd := exec.CommandContext(t.Context(), tool, "-d", "-i", "-", file)
		cmd.Stdin = strings.NewReader(k.String() + "\n")
		if back, err := cmd.Output(); err != nil || !bytes.Equal(back, data) {
			t.Errorf("age gave back %d of %d bytes (%v)", len(back), len(data), err)
		}
	}
}

func TestFilesOfStockAgeAreRead(t *testing.T) {
	tool, key := needs.Program(t, "age", "age"), newKey(t)
	for _, args := range [][]string{{"-r", key.Recipient().String()}, {"-a", "-r", key.Recipient().String()}} {
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Stdin = bytes.NewReader(sample(200 << 10))
		file, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := open(t, file, models.CompressionNone, key); err != nil || !bytes.Equal(back, sample(200<<10)) {
			t.Errorf("%v: %d bytes came back (%v)", args, len(back), err)
		}
	}
}

// TestEveryDamageIsFound changes each byte, cuts at each length, and swaps chunks.
func TestEveryDamageIsFound(t *testing.T) {
	key := newKey(t)
	whole := lock(t, sample(300), models.CompressionNone, key.Recipient())
	isDamage := func(name string, file []byte) {
		t.Helper()
		_, err := open(t, file, models.CompressionNone, key)
		var damaged *archive.DamagedError
		var locked *archive.LockedError
		if !errors.As(err, &damaged) && !errors.As(err, &locked) && !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 1
		isDamage("a flipped bit", bad)
		isDamage("cut off", whole[:i])
	}
	isDamage("one byte more", append(bytes.Clone(whole), 0))
	long := lock(t, sample(200<<10), models.CompressionNone, key.Recipient())
	const chunk = 64<<10 + 16
	begin := len(long) - 3*chunk - (200<<10 - 3*64<<10) - 16 // behind the header
	swapped := bytes.Clone(long)
	copy(swapped[begin:], long[begin+chunk:begin+2*chunk])
	copy(swapped[begin+chunk:], long[begin:begin+chunk])
	isDamage("swapped chunks", swapped)
	for name, bad := range map[string][]byte{"swapped chunks": swapped, "cut off in the payload": long[:len(long)-1]} {
		_, err := open(t, bad, models.CompressionNone, key)
		var damaged *archive.DamagedError
		if !errors.As(err, &damaged) || !errors.Is(err, models.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhyNothingOpens(t *testing.T) {
	mine, theirs := newKey(t), newKey(t)
	secret, err := age.NewScryptRecipient("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	secret.SetWorkFactor(10)
	wrong, err := age.NewScryptIdentity("another horse battery")
	if err != nil {
		t.Fatal(err)
	}
	one := lock(t, sample(10), models.CompressionNone, theirs.Recipient())
	two := lock(t, sample(10), models.CompressionNone, theirs.Recipient(), newKey(t).Recipient())
	phrase := lock(t, sample(10), models.CompressionNone, secret)
	for name, try := range map[string]struct {
		file []byte
		with []age.Identity
		says string
	}{
		"another key":              {one, []age.Identity{mine}, "encrypted to a public key, and what was given"},
		"another key of two":       {two, []age.Identity{mine}, "encrypted to 2 public keys"},
		"another passphrase":       {phrase, []age.Identity{wrong}, "not that passphrase"},
		"a key for a passphrase":   {phrase, []age.Identity{mine}, "encrypted with a passphrase"},
		"a passphrase for the key": {one, []age.Identity{wrong}, "encrypted to a public key"},
		"nothing":                  {one, nil, "no key was given"},
	} {
		_, err := archive.Decrypt(bytes.NewReader(try.file), try.with...)
		var locked *archive.LockedError
		if !errors.As(err, &locked) || !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), try.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := archive.FileKey(bytes.NewReader(try.file), try.with...); !errors.As(err, &locked) {
			t.Errorf("%s, the file's key: %v", name, err)
		}
	}
	for name, text := range map[string]string{"SQL": "-- MariaDB dump 10.19", "nothing": "", "another": strings.Repeat("x", 100)} {
		if _, err := archive.Decrypt(strings.NewReader(text), mine); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPlaceThatFailsIsNotDamage(t *testing.T) {
	key, broken := newKey(t), errors.New("the network is gone")
	file := lock(t, sample(200<<10), models.CompressionNone, key.Recipient())
	for _, at := range []int{0, 5, 100, 100 << 10} {
		plain, err := archive.Decrypt(io.MultiReader(bytes.NewReader(file[:at]), iotest.ErrReader(broken)), key)
		if err == nil {
			_, err = io.Copy(io.Discard, plain)
		}
		if !errors.Is(err, broken) {
			t.Errorf("at %d: %v", at, err)
		}
	}
}

func TestSealedInventories(t *testing.T) {
	key := newKey(t)
	inv := models.Inventory{Database: "shop", Options: "CHARACTER SET utf8mb4", ServerVersion: "11.4", Tables: []models.TableDigest{{Name: "patients", Rows: 3, SHA256: "x"}},
		Objects: []models.Object{{Kind: models.ObjectTable, Name: "patients"}}, Warnings: []string{"the table patients_old is not in it"}}
	sealed, err := archive.Seal(inv, key.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	text, err := archive.EncodeManifest(models.Manifest{BackupID: "b", Sealed: sealed, Inventory: inv, File: models.FileFacts{Encryption: models.EncryptionAge, Recipients: []string{key.Recipient().String()}}})
	if err != nil || bytes.Contains(text, []byte("patients")) || !bytes.Contains(text, []byte("CHARACTER SET utf8mb4")) {
		t.Fatalf("%s (%v)", text, err)
	}
	m, err := archive.DecodeManifest(text)
	if err != nil || m.Version != models.SealedManifestVersion || !m.Hidden() {
		t.Fatalf("%+v, %v", m, err)
	}
	back, err := archive.Unseal(m.Sealed, key)
	if err != nil || len(back.Tables) != 1 || back.Tables[0] != inv.Tables[0] || back.Objects[0] != inv.Objects[0] || back.Warnings[0] != inv.Warnings[0] {
		t.Errorf("%+v, %v", back, err)
	}
	var locked *archive.LockedError
	if _, err := archive.Unseal(m.Sealed, newKey(t)); !errors.As(err, &locked) {
		t.Errorf("another key: %v", err)
	}
	var damaged *archive.DamagedError
	for name, bad := range map[string]string{"not base64": "%%", "cut off": m.Sealed[:len(m.Sealed)/4*2]} {
		if _, err := archive.Unseal(bad, key); !errors.As(err, &damaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTextFormIsRead(t *testing.T) {
	key := newKey(t)
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	if _, err := a.Write(lock(t, sample(5000), models.CompressionNone, key.Recipient())); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if back, err := open(t, out.Bytes(), models.CompressionNone, key); err != nil || !bytes.Equal(back, sample(5000)) {
		t.Errorf("%d bytes came back (%v)", len(back), err)
	}
}
