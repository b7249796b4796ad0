package agekey

import (
	"sync"

	"filippo.io/age"
)

// mostWork bounds what a file that comes from elsewhere may ask for, as a power of two:
// 20 takes a gigabyte of memory for some seconds. The program age itself writes 18.
const mostWork = 20

// scrypting lets one passphrase be tried at a time: each takes a quarter of a gigabyte.
var scrypting sync.Mutex

type scryptRecipient struct{ *age.ScryptRecipient }

func (r *scryptRecipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	scrypting.Lock()
	defer scrypting.Unlock()
	return r.ScryptRecipient.Wrap(fileKey)
}

func (r *scryptRecipient) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	scrypting.Lock()
	defer scrypting.Unlock()
	return r.ScryptRecipient.WrapWithLabels(fileKey)
}

type scryptIdentity struct{ *age.ScryptIdentity }

func (i *scryptIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	scrypting.Lock()
	defer scrypting.Unlock()
	return i.ScryptIdentity.Unwrap(stanzas)
}
