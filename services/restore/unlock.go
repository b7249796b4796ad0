package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
	"github.com/backupman/backupman/services/archive"
)

// locks is what is known of the encryption of what is restored.
type locks struct {
	// identities are the keys to try; none where nothing is encrypted.
	identities []age.Identity
	// locked says in a sentence what is missing to open it; empty where nothing is.
	locked string
	// opened says that what a sealed manifest hides was found out just now.
	opened bool
}

// unlock looks for what opens the dump: what was given, or what the configuration has of
// its job. It tries that on the sealed part of the manifest, and looks into that where
// nobody has yet. The error is for what was given and is no key.
func (s *Service) unlock(ctx context.Context, sub *subject, given models.Unlock) error {
	m := &sub.manifest
	if m.File.Encryption == "" {
		return nil
	}
	u, err := s.keysFor(ctx, *sub, given)
	var told *models.Fault
	if errors.As(err, &told) && given.Empty() { // a drill is written down all the same, and says so
		sub.locked = needs(*m, "what the configuration has to open the backup can't be had ("+told.Sentence+"), and it is encrypted")
		return nil
	}
	if err != nil {
		return err
	}
	if sub.identities, err = agekey.Identities(u); err != nil {
		return err
	}
	sub.identities = append(sub.identities, s.uploadKey(sub.uploadID)...)
	switch {
	case len(sub.identities) > 0:
	case sub.uploadID != "":
		sub.locked = "the uploaded file is encrypted, and this process does not have its key any more: give the private key or the passphrase once more"
		return nil
	default:
		sub.locked = needs(*m, "the backup is encrypted")
		return nil
	}
	if m.Sealed == "" || !m.Hidden() && given.Empty() {
		return nil // a configured key is tried on the file itself
	}
	inv, err := archive.Unseal(m.Sealed, sub.identities...)
	var locked *archive.LockedError
	switch {
	case errors.As(err, &locked):
		sub.locked = needs(*m, wrongKey)
		if m.Hidden() { // age can't tell a header that was changed from one for others
			sub.locked += "; where the key is the right one its manifest is damaged: download the backup and restore it as an uploaded file"
		}
	case err != nil && m.Hidden():
		sub.locked = fmt.Sprintf("what its manifest says of it can't be read, so there is nothing to compare the dump with: %s; download it and restore it as an uploaded file", sentence(err))
	case err == nil && m.Hidden():
		m.Inventory, sub.opened = inv, true
	}
	return nil
}

// keysFor returns what was given, or else what is configured. A job that has left the
// configuration has nothing.
func (s *Service) keysFor(ctx context.Context, sub subject, given models.Unlock) (models.Unlock, error) {
	if !given.Empty() || sub.uploadID != "" {
		return given, nil
	}
	return s.Catalog.Unlock(ctx, sub.backup.JobID)
}

// wrongKey begins a sentence about a key that does not fit.
const wrongKey = "the key or passphrase that was given does not open the backup, which is encrypted"

// needs says what opens an encrypted dump, and how to give it.
func needs(m models.Manifest, because string) string {
	if len(m.File.Recipients) == 0 {
		return because + " with a passphrase: give it on the page, as Passphrase in the API or with --passphrase-file FILE at the command line, or name it as encryption.passphrase of the job"
	}
	var keys []string
	for _, r := range m.File.Recipients {
		keys = append(keys, agekey.Short(r))
	}
	which := "the public key " + keys[0] + ": give its private key"
	if len(keys) > 1 {
		which = "the public keys " + strings.Join(keys, ", ") + ": give the private key of one of them"
	}
	return because + " to " + which + " on the page, as Identity in the API or with --identity FILE at the command line, or name its file as encryption.identity_file of the job"
}

// keepInventory writes down what was found in a sealed manifest, so that pages tell it
// and other backups can be compared with this one.
func (s *Service) keepInventory(ctx context.Context, sub subject) {
	if !sub.opened {
		return
	}
	if err := s.Store.OpenManifest(ctx, sub.backup.ID, sub.manifest.Inventory); err != nil {
		s.Log.Warn("what a sealed manifest holds is not written down", "backup_id", sub.backup.ID, "error", err)
	}
}

// unlockFile finds the key of the file that was fetched, once: a passphrase takes its time. A
// key that does not fit says nothing about the backup.
func (r *run) unlockFile(d dump) (dump, error) {
	if d.facts.Encryption == "" {
		return d, nil
	}
	f, err := os.Open(d.path)
	if err != nil {
		return d, err
	}
	defer f.Close()
	d.key, err = archive.FileKey(f, r.subject.identities...)
	var locked *archive.LockedError
	if errors.As(err, &locked) {
		return d, models.Conflictf("%s", needs(r.subject.manifest, wrongKey))
	}
	if err != nil {
		return d, blames("the dump can't be decrypted", err)
	}
	r.log.Say("the dump is encrypted, and the key fits")
	return d, nil
}

// lock refuses a run for which a key is missing.
func (s subject) lock() error {
	if s.locked == "" {
		return nil
	}
	return models.Conflictf("%s", s.locked)
}

// keepUploadKey remembers the key of an uploaded file, in memory, so that a person need
// not give it again.
func (s *Service) keepUploadKey(id string, key age.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key != nil {
		s.uploadKeys[id] = key
	}
}

func (s *Service) uploadKey(id string) []age.Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key, ok := s.uploadKeys[id]; ok {
		return []age.Identity{key}
	}
	return nil
}

func (s *Service) forgetUploadKey(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploadKeys, id)
}
