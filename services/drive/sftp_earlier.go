package drive

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// EarlierKey is a key that is trusted for a server. When the server shows another, a
// person must know which it was and what becomes of it.
type EarlierKey struct {
	// Fingerprint is what people compare, such as "SHA256:…".
	Fingerprint string
	// Where says for people where the key is kept, such as "/root/.ssh/known_hosts, line 3".
	Where string
	// Stays says that Trust does not replace the key: it is trusted until a person
	// removes it.
	Stays bool
}

// EarlierKeys returns the keys that are trusted for the server, whichever it shows;
// none when it is not known. It does not connect. Authorities that vouch for servers
// are left out, for their keys are no server's.
func (d *SFTP) EarlierKeys() ([]EarlierKey, error) {
	known, err := d.knownKeys()
	return known.earlier, err
}

// earlierKeys describes the known keys that are the server's own.
func (d *SFTP) earlierKeys(wanted []knownhosts.KnownKey) []EarlierKey {
	var keys []EarlierKey
	for _, k := range wanted {
		if sftpAuthority(k) {
			continue
		}
		keys = append(keys, EarlierKey{
			Fingerprint: ssh.FingerprintSHA256(k.Key),
			Where:       sftpLine(k),
			Stays:       k.Filename != d.acceptedFile(),
		})
	}
	return keys
}

// mendKnown is the way out when the server's owner has confirmed another key than a
// known one. Trust replaces what it has kept itself; an authority may vouch for other
// servers, and its line is left alone.
func (d *SFTP) mendKnown(old knownhosts.KnownKey) string {
	trust := "run: backupman trust " + sftpWord(d.place.Label)
	if old.Filename == d.acceptedFile() || sftpAuthority(old) {
		return trust
	}
	return fmt.Sprintf("%s, and remove line %d of %s, for the old key is trusted as long as it stands there", trust, old.Line, old.Filename)
}

func sftpLine(k knownhosts.KnownKey) string { return fmt.Sprintf("%s, line %d", k.Filename, k.Line) }

// sftpWanted returns the keys that are known for an address.
func sftpWanted(known ssh.HostKeyCallback, address string) []knownhosts.KnownKey {
	var unknown *knownhosts.KeyError
	if err := known(address, &net.TCPAddr{}, sftpNoKey{}); !errors.As(err, &unknown) {
		return nil
	}
	return unknown.Want
}
