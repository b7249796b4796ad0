package jobs

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// KitPath returns the address of the recovery kit of a job.
func KitPath(id string) string { return Path(id) + "/kit" }

// Encryption is what the page of a job says of how its dumps are encrypted.
type Encryption struct {
	// On says that they are.
	On bool
	// Words say with what, and Keys are the public keys, shortened.
	Words string
	Keys  []string
	// KitPath leads to the recovery kit; Taken is when it was taken for the present
	// encryption, and unknown while it was not.
	KitPath string
	Taken   components.Moment
}

// Wanted reports whether nothing is backed up because no kit was taken.
func (e Encryption) Wanted() bool { return e.On && !e.Taken.Known() }

func newEncryption(job models.Job, now time.Time) Encryption {
	e := Encryption{On: job.Encryption.On(), Words: encryptionWords(job.Encryption), KitPath: KitPath(job.ID)}
	for _, r := range job.Encryption.Recipients {
		e.Keys = append(e.Keys, shortened(r))
	}
	if e.On && job.HasKit() {
		e.Taken = components.Ago(now, job.KitAt)
	}
	return e
}

func encryptionWords(e models.Encryption) string {
	switch n := len(e.Recipients); {
	case e.Passphrase:
		return "with age, and a passphrase of the configuration"
	case n == 1:
		return "with age, for 1 key"
	case n > 1:
		return "with age, for " + human.Count(int64(n)) + " keys, each of which opens it alone"
	}
	return "not encrypted"
}

// shownOfKey is how many signs of a public key stand at each end of it.
const shownOfKey = 10

// shortened is enough of a public key to tell it from others.
func shortened(key string) string {
	if len(key) <= 2*shownOfKey+1 {
		return key
	}
	return key[:shownOfKey] + "…" + key[len(key)-shownOfKey:]
}

// KitView is the page of a recovery kit.
type KitView struct {
	Page  layout.Page
	ID    string
	Label string
	Text  string
	// FileName is what the file is called.
	FileName string
	// Words say how the dumps are encrypted.
	Words string
	// Passphrase says that a passphrase opens them, and no key.
	Passphrase bool
	// Keys is how many public keys they are encrypted for.
	Keys int
	// Taken is when a kit was taken; Current says that it was this one.
	Taken   components.Moment
	Current bool
}

// NewKitView builds the page.
func NewKitView(page layout.Page, k models.Kit, now time.Time) KitView {
	return KitView{
		Page: page, ID: k.JobID, Label: k.Label, Text: k.Text, FileName: k.FileName, Words: encryptionWords(k.Encryption),
		Passphrase: k.Encryption.Passphrase, Keys: len(k.Encryption.Recipients), Taken: components.Ago(now, k.TakenAt), Current: k.Current,
	}
}

// secretWord is what the kit does not hold.
func (v KitView) secretWord() string {
	if v.Passphrase {
		return "the passphrase"
	}
	if v.Keys > 1 {
		return "one of the private keys"
	}
	return "the private key"
}
