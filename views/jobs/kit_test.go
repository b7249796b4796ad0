package jobs

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestEncryptionOfAJob(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	one, two := models.Encryption{Recipients: []string{key}}, models.Encryption{Recipients: []string{key, "age1short"}}
	for name, c := range map[string]struct {
		job    models.Job
		words  string
		wanted bool
		keys   []string
	}{
		"none":             {models.Job{}, "not encrypted", false, nil},
		"one key":          {models.Job{Encryption: one}, "with age, for 1 key", true, []string{"age1ql3z7h…n9aqmcac8p"}},
		"two keys":         {models.Job{Encryption: two}, "with age, for 2 keys, each of which opens it alone", true, []string{"age1ql3z7h…n9aqmcac8p", "age1short"}},
		"a passphrase":     {models.Job{Encryption: models.Encryption{Passphrase: true}}, "with age, and a passphrase of the configuration", true, nil},
		"the kit is taken": {models.Job{Encryption: one, KitAt: &now, KitFor: one.Fingerprint()}, "with age, for 1 key", false, []string{"age1ql3z7h…n9aqmcac8p"}},
		"of another time":  {models.Job{Encryption: two, KitAt: &now, KitFor: one.Fingerprint()}, "with age, for 2 keys, each of which opens it alone", true, []string{"age1ql3z7h…n9aqmcac8p", "age1short"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEncryption(c.job, now)
			if e.Words != c.words || e.Wanted() != c.wanted || len(e.Keys) != len(c.keys) {
				t.Fatalf("the encryption is %+v", e)
			}
			for i, want := range c.keys {
				if e.Keys[i] != want {
					t.Errorf("key %d is %s, want %s", i, e.Keys[i], want)
				}
			}
		})
	}
}
