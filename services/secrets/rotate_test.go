package secrets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/models"
)

// rotating is a data folder with a key file and ten secrets.
type rotating struct {
	file  string
	store *fakeStore
}

func newRotating(t *testing.T) rotating {
	t.Helper()
	r := rotating{file: filepath.Join(t.TempDir(), "keys"), store: newStore()}
	writeKeys(t, r.file, NewKey())
	v := NewVault(r.store, r.ring(), noUses)
	for i := range 10 {
		if err := v.SetSecret(t.Context(), fmt.Sprint("s", i), models.NewSecret(fmt.Sprint("value ", i)), "ann"); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r rotating) ring() *Keyring { return NewKeyring(Source{File: r.file}) }

func (r rotating) lines(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// whole asserts that a process which starts now opens everything.
func (r rotating) whole(t *testing.T) {
	t.Helper()
	v := NewVault(r.store, r.ring(), noUses)
	for i := range 10 {
		if got, err := v.Reveal(t.Context(), fmt.Sprint("s", i)); err != nil || got.Reveal() != fmt.Sprint("value ", i) {
			t.Errorf("secret %d is %q: %v", i, got.Reveal(), err)
		}
	}
}

func TestRotation(t *testing.T) {
	r := newRotating(t)
	before := r.lines(t)
	server := NewVault(r.store, r.ring(), noUses)
	if _, err := server.Reveal(t.Context(), "s1"); err != nil {
		t.Fatal(err)
	}
	done, err := r.ring().Rotate(t.Context(), r.store.reseal)
	if err != nil {
		t.Fatal(err)
	}
	after := r.lines(t)
	if !done.Made || done.Resealed != 10 || done.Dropped != 1 || len(after) != 1 || after[0] == before[0] {
		t.Errorf("%+v, and the file has %d keys", done, len(after))
	}
	if info, err := os.Stat(r.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	for name, secret := range r.store.secrets {
		if !strings.HasPrefix(secret.Sealed, "bm1."+done.Key+".") {
			t.Errorf("%s is still sealed as %s", name, secret.Sealed)
		}
	}
	r.whole(t)
	if got, err := server.Reveal(t.Context(), "s2"); err != nil || got.Reveal() != "value 2" {
		t.Errorf("a server that runs opens %q: %v", got.Reveal(), err)
	}
	left, err := os.ReadDir(filepath.Dir(r.file))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Wherever a rotation is stopped, everything opens, and the next one brings it to its end.
func TestARotationThatIsStoppedGoesOn(t *testing.T) {
	killed := errors.New("killed")
	for name, stop := range map[string]func(*fakeStore) Reseal{
		"before anything is sealed anew": func(*fakeStore) Reseal {
			return func(context.Context, func(row, field, sealed string) (string, error)) (int, error) { return 0, killed }
		},
		"in the middle": func(s *fakeStore) Reseal {
			return func(ctx context.Context, seal func(row, field, sealed string) (string, error)) (int, error) {
				left := 5
				return s.reseal(ctx, func(row, field, sealed string) (string, error) {
					if left--; left < 0 {
						return "", killed
					}
					return seal(row, field, sealed)
				})
			}
		},
		"before the old key is dropped": func(s *fakeStore) Reseal {
			return func(ctx context.Context, seal func(row, field, sealed string) (string, error)) (int, error) {
				n, err := s.reseal(ctx, seal)
				return n, errors.Join(err, killed)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRotating(t)
			if _, err := r.ring().Rotate(t.Context(), stop(r.store)); !errors.Is(err, killed) {
				t.Fatalf("got %v", err)
			}
			if lines := r.lines(t); len(lines) != 2 {
				t.Fatalf("the file has %d keys, want both", len(lines))
			}
			r.whole(t)
			first := r.lines(t)[0]
			done, err := r.ring().Rotate(t.Context(), r.store.reseal)
			if err != nil || done.Made || done.Dropped != 1 {
				t.Errorf("the second one did %+v: %v", done, err)
			}
			if lines := r.lines(t); len(lines) != 1 || lines[0] != first {
				t.Error("the second one did not bring the first to its end")
			}
			r.whole(t)
		})
	}
}

func TestASecretThatDoesNotOpenKeepsTheOldKey(t *testing.T) {
	r := newRotating(t)
	broken := r.store.secrets["s3"]
	broken.Sealed = sealed(t, NewKeyring(Source{Key: NewKey()}), "x", rowOf("s3"), sealedField)
	r.store.secrets["s3"] = broken
	_, err := r.ring().Rotate(t.Context(), r.store.reseal)
	refused(t, err, models.ErrConflict, "stored_secrets/s3", "another key")
	if lines := r.lines(t); len(lines) != 2 {
		t.Errorf("the file has %d keys", len(lines))
	}
}

func TestRotationWithoutAFile(t *testing.T) {
	r := newRotating(t)
	old, fresh := r.lines(t)[0], NewKey()
	for name, source := range map[string]Source{
		"the environment": {Key: models.NewSecret(fresh.Reveal() + "\n" + old)},
		"a command":       {Command: []string{"/bin/echo", "-e", fresh.Reveal() + "\n" + old}},
	} {
		t.Run(name, func(t *testing.T) {
			done, err := NewKeyring(source).Rotate(t.Context(), r.store.reseal)
			if err != nil || done.Made || done.Dropped != 0 {
				t.Fatalf("%+v, %v", done, err)
			}
		})
	}
	writeKeys(t, r.file, fresh)
	r.whole(t)
}

func TestTwoRotationsAtOnceLoseNothing(t *testing.T) {
	r := newRotating(t)
	var together sync.WaitGroup
	for range 4 {
		together.Go(func() {
			if _, err := r.ring().Rotate(t.Context(), r.store.reseal); err != nil && !errors.Is(err, models.ErrConflict) {
				t.Error(err)
			}
		})
	}
	together.Wait()
	r.whole(t)
}

func TestAKeyFileByALinkStaysALink(t *testing.T) {
	r := newRotating(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(r.file, link); err != nil {
		t.Fatal(err)
	}
	if _, err := NewKeyring(Source{File: link}).Rotate(t.Context(), r.store.reseal); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v, %v", info, err)
	}
	r.whole(t)
}
