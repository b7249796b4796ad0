package secrets

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// Reseal hands every sealed text of the metadata database over, with the row and the
// field that it belongs to, and keeps what it gets back: all of it or nothing. It returns
// how many texts have changed.
type Reseal func(ctx context.Context, seal func(row, field, sealed string) (string, error)) (int, error)

// Rotation is what a rotation has done.
type Rotation struct {
	// Key is the id of the key that seals now.
	Key string
	// Made says that this rotation made the key; otherwise it was the first one already.
	Made bool
	// Resealed is how many texts were sealed anew, and Dropped how many keys were removed
	// from the file.
	Resealed, Dropped int
	// From is where the keys come from.
	From string
}

// Rotate seals everything with a new key. Where the keys are in a file it first adds one
// there, unless there are several already: then a rotation was begun before, or somebody
// has put a new key first. At the end it drops the others. Elsewhere it seals with the
// first key what the others sealed. It can be stopped anywhere and begun again: as long as
// anything is sealed with a key, the key stays.
func (k *Keyring) Rotate(ctx context.Context, reseal Reseal) (Rotation, error) {
	if file := k.source.file(); file != "" {
		lock, err := disk.Hold(filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".rotating"))
		if errors.Is(err, models.ErrConflict) {
			return Rotation{}, models.Conflictf("another rotation of %s is running: wait for its end", k.source.name())
		}
		if err != nil {
			return Rotation{}, err
		}
		defer func() { _ = lock.Release() }()
	}
	done := Rotation{From: k.source.name()}
	if err := k.begin(ctx, &done); err != nil {
		return done, err
	}
	if err := k.resealAll(ctx, reseal, &done); err != nil {
		return done, fmt.Errorf("seal everything with the new key: %w", err)
	}
	return done, k.drop(&done)
}

// begin reads the keys, and adds one where that is to be done.
func (k *Keyring) begin(ctx context.Context, done *Rotation) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(ctx); err != nil {
		return err
	}
	if file := k.source.file(); file != "" && len(k.keys) == 1 {
		fresh, ok := parseKey(NewKey().Reveal())
		if !ok {
			return errors.New("a key that was just made does not read")
		}
		if err := writeKeyFile(file, append([]key{fresh}, k.keys...)); err != nil {
			return err
		}
		if err := k.read(ctx); err != nil {
			return err
		}
		done.Made = true
	}
	done.Key = k.keys[0].id
	return nil
}

// mostRounds bounds how often everything is looked through for texts that somebody sealed
// with the old key meanwhile.
const mostRounds = 5

func (k *Keyring) resealAll(ctx context.Context, reseal Reseal, done *Rotation) error {
	for range mostRounds {
		n, err := reseal(ctx, k.renewed)
		if err != nil {
			return err
		}
		if done.Resealed += n; n == 0 {
			return nil
		}
	}
	return models.Conflictf("something keeps sealing with an old key: see that every server reads its keys from %s, and rotate again", k.source.name())
}

// renewed seals a text with the first key, unless it already is. What is not sealed at all
// is left to whoever wrote it.
func (k *Keyring) renewed(row, field, sealed string) (string, error) {
	if !Sealed(sealed) || k.current(sealed) {
		return sealed, nil
	}
	plain, err := k.Unseal(sealed, row, field)
	if err != nil {
		return "", err
	}
	return k.Seal(plain, row, field)
}

// drop removes the keys that seal nothing any more from their file.
func (k *Keyring) drop(done *Rotation) error {
	file := k.source.file()
	k.mu.Lock()
	defer k.mu.Unlock()
	if file == "" || len(k.keys) < 2 {
		return nil
	}
	if k.stamp != k.source.stamp() {
		return models.Conflictf("%s was changed by something else during the rotation: look at it and rotate again", k.source.name())
	}
	if err := writeKeyFile(file, k.keys[:1]); err != nil {
		return err
	}
	done.Dropped = len(k.keys) - 1
	return k.read(context.Background())
}
