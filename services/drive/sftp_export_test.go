package drive

import (
	"net"

	"golang.org/x/crypto/ssh"
)

// SFTPKnown returns what a drive says of a key that its server shows.
func SFTPKnown(d Drive, key ssh.PublicKey) error {
	sftp := d.(*SFTP)
	known, err := sftp.knownKeys()
	if err != nil {
		return err
	}
	return known.check(sftp.address, &net.TCPAddr{}, key)
}
