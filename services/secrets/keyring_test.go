package secrets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func sealed(t *testing.T, k *Keyring, plain, row, field string) string {
	t.Helper()
	text, err := k.Seal([]byte(plain), row, field)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func opens(t *testing.T, k *Keyring, text, row, field, want string) {
	t.Helper()
	plain, err := k.Unseal(text, row, field)
	if err != nil {
		t.Fatal(err)
	}
	if string(plain) != want {
		t.Fatalf("opened %q, want %q", plain, want)
	}
}

// refused asserts a sentence for a person that has all the words.
func refused(t *testing.T, err error, kind error, words ...string) {
	t.Helper()
	var told *models.Fault
	if !errors.As(err, &told) || !errors.Is(err, kind) {
		t.Fatalf("got %v, want a sentence of the kind %q", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(told.Sentence, word) {
			t.Errorf("%q does not say %q", told.Sentence, word)
		}
	}
}

func writeKeys(t *testing.T, path string, keys ...models.Secret) {
	t.Helper()
	var text strings.Builder
	for _, k := range keys {
		text.WriteString(k.Reveal() + "\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSealedTextsOpenWhereTheyBelong(t *testing.T) {
	k := NewKeyring(Source{Data: t.TempDir()})
	text := sealed(t, k, "hunter2", "users/1", "totp_secret")
	opens(t, k, text, "users/1", "totp_secret", "hunter2")
	opens(t, k, sealed(t, k, "", "a", "b"), "a", "b", "")
	if !strings.HasPrefix(text, "bm1.") || strings.Contains(text, "hunter2") || !Sealed(text) {
		t.Errorf("the sealed text is %q", text)
	}
	if again := sealed(t, k, "hunter2", "users/1", "totp_secret"); again == text {
		t.Error("the same text was sealed to the same twice")
	}
	for name, place := range map[string][2]string{
		"another row":       {"users/2", "totp_secret"},
		"another field":     {"users/1", "password"},
		"the border moved":  {"users/1t", "otp_secret"},
		"row and field one": {"users/1totp_secret", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.Unseal(text, place[0], place[1])
			refused(t, err, models.ErrConflict, place[0], "does not open")
		})
	}
}

func TestChangedSealedTextsAreRefused(t *testing.T) {
	k := NewKeyring(Source{Data: t.TempDir()})
	text := sealed(t, k, "hunter2", "r", "f")
	id := strings.Split(text, ".")[1]
	for name, changed := range map[string]string{
		"empty":             "",
		"plain":             "hunter2",
		"another version":   "bm2" + text[3:],
		"no key":            "bm1.." + strings.Split(text, ".")[2],
		"too short":         "bm1." + id + ".AAAA",
		"not base64":        "bm1." + id + ".!!!!",
		"one letter":        text[:20] + flip(text[20]) + text[21:],
		"cut off":           text[:len(text)-4],
		"something behind":  text + "AAAA",
		"a dot and a word":  text + ".more",
		"padding and break": text + "=\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.Unseal(changed, "r", "f")
			refused(t, err, models.ErrConflict)
		})
	}
}

func flip(letter byte) string {
	if letter == 'A' {
		return "B"
	}
	return "A"
}

func TestTheFirstKeySealsAndTheOthersOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	older, newer := NewKey(), NewKey()
	writeKeys(t, path, older)
	text := sealed(t, NewKeyring(Source{File: path}), "hunter2", "r", "f")
	writeKeys(t, path, newer, older)
	both := NewKeyring(Source{File: path})
	opens(t, both, text, "r", "f", "hunter2")
	if both.current(text) {
		t.Error("a text of the older key counts as current")
	}
	text = sealed(t, both, "hunter2", "r", "f")
	writeKeys(t, path, newer)
	opens(t, NewKeyring(Source{File: path}), text, "r", "f", "hunter2")
}

func TestAKeyThatIsNotThereIsNamed(t *testing.T) {
	text := sealed(t, NewKeyring(Source{Key: NewKey()}), "hunter2", "stored_secrets/s3", "sealed")
	_, err := NewKeyring(Source{Data: t.TempDir()}).Unseal(text, "stored_secrets/s3", "sealed")
	refused(t, err, models.ErrConflict, "another key", strings.Split(text, ".")[1], "secrets.key", "same key")
}

func TestARunningServerFollowsARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	older, newer := NewKey(), NewKey()
	writeKeys(t, path, older)
	running := NewKeyring(Source{File: path})
	opens(t, running, sealed(t, running, "hunter2", "r", "f"), "r", "f", "hunter2")
	writeKeys(t, path, newer, older)
	text := sealed(t, running, "hunter2", "r", "f")
	if !running.current(text) || strings.Contains(text, parsed(t, older).id) {
		t.Error("the running server seals with a key that is about to be dropped")
	}
	writeKeys(t, path, older)
	lagging := NewKeyring(Source{File: path})
	if err := lagging.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	writeKeys(t, path, newer)
	opens(t, lagging, text, "r", "f", "hunter2")
}

func parsed(t *testing.T, k models.Secret) key {
	t.Helper()
	out, ok := parseKey(k.Reveal())
	if !ok {
		t.Fatal("the key does not read")
	}
	return out
}

func TestAnUnknownKeyDoesNotAskTheSourceEachTime(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	k := NewKeyring(Source{Command: []string{"/bin/sh", "-c", `echo x >> "$1"; echo "$2"`, "sh", count, NewKey().Reveal()}})
	clock := time.Unix(1000, 0)
	k.now = func() time.Time { return clock }
	text := sealed(t, NewKeyring(Source{Key: NewKey()}), "hunter2", "r", "f")
	for range 10 {
		if _, err := k.Unseal(text, "r", "f"); err == nil {
			t.Fatal("a text of another key opened")
		}
	}
	if asked, _ := os.ReadFile(count); len(asked) != 4 {
		t.Errorf("the command ran %d times, want once at first and once for the unknown key", len(asked)/2)
	}
	clock = clock.Add(readPause)
	_, _ = k.Unseal(text, "r", "f")
	if asked, _ := os.ReadFile(count); len(asked) != 6 {
		t.Errorf("the command ran %d times, want once more after the pause", len(asked)/2)
	}
}

// A server whose key comes from a command seals with the key that is first there now, a
// minute after it was put there at the latest.
func TestACommandIsAskedAgainBeforeSealing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	older, newer := NewKey(), NewKey()
	writeKeys(t, path, older)
	k := NewKeyring(Source{Command: []string{"/bin/cat", path}})
	clock := time.Unix(1000, 0)
	k.now = func() time.Time { return clock }
	sealedBy := func() string { return strings.Split(sealed(t, k, "x", "r", "f"), ".")[1] }
	if got := sealedBy(); got != parsed(t, older).id {
		t.Errorf("sealed with %s", got)
	}
	writeKeys(t, path, newer, older)
	clock = clock.Add(sealPause)
	if got := sealedBy(); got != parsed(t, newer).id {
		t.Errorf("after the rotation sealed with %s", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(sealPause)
	if got := sealedBy(); got != parsed(t, newer).id {
		t.Errorf("while the command fails sealed with %s", got)
	}
}

func TestNothingOfAKeyringPrintsItsKeys(t *testing.T) {
	secret := NewKey()
	k := NewKeyring(Source{Key: secret})
	if err := k.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if text := fmt.Sprintf(verb, k.source); strings.Contains(text, secret.Reveal()) {
			t.Errorf("%s prints the key", verb)
		}
		if text := fmt.Sprintf(verb, k); text != "keyring" {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}
