package drive

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/backupman/backupman/models"
)

// sftpKnownHosts is where OpenSSH keeps the keys that a person has accepted.
const sftpKnownHosts = "~/.ssh/known_hosts"

// sftpFamilies are the host key algorithms by the kind of key, the one that
// OpenSSH shows a person first. A server has a key of each kind, and which one it
// shows depends on what it is asked for.
var sftpFamilies = [][]string{
	{ssh.KeyAlgoED25519},
	{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
	{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
}

// sftpCertificates are asked for when an authority vouches for the server.
var sftpCertificates = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

var (
	// errOtherKey is that the server has shown another key than a trusted one.
	errOtherKey = errors.New("another key")
	// errSeen ends a connection that was only made to see the key.
	errSeen = errors.New("the key is seen")
)

// sftpKeys says which keys of the server are trusted.
type sftpKeys struct {
	check ssh.HostKeyCallback
	// tries are the algorithms to ask for, one list for each attempt. A server that
	// is asked for a kind of key that is not known shows one that is not known,
	// although it has one that is.
	tries [][]string
	// earlier are the server's own keys that are trusted.
	earlier []EarlierKey
}

// algorithms ends with all, so that a server whose known key is gone shows what it
// has now.
func (k sftpKeys) algorithms() [][]string {
	return append(slices.Clone(k.tries), slices.Concat(sftpFamilies...))
}

// sftpOtherKind reports whether the server may have a key of another kind that is
// trusted.
func sftpOtherKind(err error) bool { return errors.Is(err, errOtherKey) || sftpNoneCommon(err) }

func sftpNoneCommon(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	return errors.As(err, &none)
}

// knownKeys returns the key that is pinned, or those of the files.
func (d *SFTP) knownKeys() (sftpKeys, error) {
	if pin := strings.TrimSpace(d.place.Settings["host_key"]); pin != "" {
		return d.pinned(pin)
	}
	files, err := d.knownFiles()
	if err != nil {
		return sftpKeys{}, err
	}
	known, err := knownhosts.New(files...)
	if err != nil {
		return sftpKeys{}, models.Invalidf("drive %q cannot read the host keys that are trusted: mend or remove the line that this names: %v", d.place.Label, err)
	}
	wanted := sftpWanted(known, d.address)
	return sftpKeys{check: d.checkKnown(known), tries: sftpTries(wanted), earlier: d.earlierKeys(wanted)}, nil
}

// pinned trusts the one key of the setting, in full or by its fingerprint.
func (d *SFTP) pinned(pin string) (sftpKeys, error) {
	keys := sftpKeys{tries: sftpFamilies}
	if !strings.HasPrefix(pin, "SHA256:") {
		key, err := sftpParseKey(pin)
		if err != nil {
			return keys, models.Invalidf(`drive %q: host_key is neither a fingerprint such as SHA256:… nor a key such as "ssh-ed25519 AAAA…"`, d.place.Label)
		}
		pin, keys.tries = ssh.FingerprintSHA256(key), [][]string{sftpAlgorithms(key.Type())}
		if len(keys.tries[0]) == 0 {
			return keys, models.Invalidf("drive %q: keys of the kind %s are not safe any more: give the server another, and set host_key to that", d.place.Label, key.Type())
		}
	}
	pin = strings.TrimRight(pin, "=")
	keys.earlier = []EarlierKey{{Fingerprint: pin, Where: "the setting host_key", Stays: true}}
	keys.check = func(_ string, _ net.Addr, key ssh.PublicKey) error {
		shown := ssh.FingerprintSHA256(key)
		if shown == pin {
			return nil
		}
		return d.otherKey(shown, "the one in the setting host_key, "+pin, "set host_key to it")
	}
	return keys, nil
}

// sftpParseKey reads a key as in a .pub file, or as in a line of known_hosts.
func sftpParseKey(text string) (ssh.PublicKey, error) {
	fields := strings.Fields(text)
	for i := range max(len(fields)-1, 0) {
		blob, err := base64.StdEncoding.DecodeString(fields[i+1])
		if err != nil {
			continue
		}
		if key, err := ssh.ParsePublicKey(blob); err == nil && key.Type() == fields[i] {
			return key, nil
		}
	}
	return nil, errors.New("no key in it")
}

// knownFiles returns the files of trusted keys that are there.
func (d *SFTP) knownFiles() ([]string, error) {
	setting := d.place.Settings["known_hosts"]
	named := setting != "" && setting != sftpKnownHosts
	if !named {
		setting = sftpKnownHosts
	}
	var files []string
	for _, file := range []string{sftpHome(setting), d.acceptedFile()} {
		_, err := os.Stat(file)
		switch {
		case err == nil:
			files = append(files, file)
		case file == sftpHome(setting) && named:
			return nil, models.Invalidf("drive %q: the file %s of its setting known_hosts cannot be read: mend its path", d.place.Label, file)
		case file != "" && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return nil, fmt.Errorf("look for the host keys that are trusted: %w", err)
		}
	}
	return files, nil
}

// acceptedFile is where accepted keys are kept; empty when they are not.
func (d *SFTP) acceptedFile() string {
	if d.place.StateDir == "" {
		return ""
	}
	return filepath.Join(d.place.StateDir, "known_hosts")
}

func (d *SFTP) checkKnown(known ssh.HostKeyCallback) ssh.HostKeyCallback {
	return func(address string, remote net.Addr, key ssh.PublicKey) error {
		err := known(address, remote, key)
		var unknown *knownhosts.KeyError
		var revoked *knownhosts.RevokedError
		shown := ssh.FingerprintSHA256(key)
		switch {
		case err == nil:
			return nil
		case errors.As(err, &revoked):
			return models.Invalidf("drive %q: the key %s that %s shows is marked as revoked in %s, line %d: do not use that server before you know why",
				d.place.Label, shown, d.address, revoked.Revoked.Filename, revoked.Revoked.Line)
		case !errors.As(err, &unknown):
			return models.Invalidf("drive %q: the key of %s cannot be trusted: %v", d.place.Label, d.address, err)
		case len(unknown.Want) == 0:
			return models.Invalidf("drive %q does not know the server %s yet: its %s key is %s; compare that with what the server's owner tells you, then run: backupman trust %s, or set host_key to it",
				d.place.Label, d.address, sftpKindOf(key), shown, sftpWord(d.place.Label))
		default:
			old := unknown.Want[0]
			return d.otherKey(shown, "the one in "+sftpLine(old), d.mendKnown(old))
		}
	}
}

func (d *SFTP) otherKey(shown, than, mend string) error {
	return fmt.Errorf("%w: %w", errOtherKey, models.Invalidf(
		"drive %q: %s shows another key, %s, than %s: somebody may stand between you and the server; nothing was sent; only if its owner confirms the new key, %s",
		d.place.Label, d.address, shown, than, mend))
}

// sftpKindOf names the kind of a key as ssh-keygen does.
func sftpKindOf(key ssh.PublicKey) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(key.Type(), "ssh-"), "-")
	return strings.ToUpper(kind)
}

// sftpWord puts a label into quotes when a shell would take it apart.
func sftpWord(label string) string {
	plain := strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
	if plain && label != "" {
		return label
	}
	return "'" + strings.ReplaceAll(label, "'", `'\''`) + "'"
}

// sftpTries returns the algorithms of known keys; none when there are no keys.
func sftpTries(wanted []knownhosts.KnownKey) [][]string {
	var algorithms []string
	for _, k := range wanted {
		if sftpAuthority(k) {
			algorithms = append(algorithms, sftpCertificates...)
		}
	}
	for _, k := range wanted {
		algorithms = append(algorithms, sftpAlgorithms(k.Key.Type())...)
	}
	if len(algorithms) == 0 {
		return nil
	}
	return [][]string{algorithms}
}

// sftpAlgorithms returns the algorithms that a server may sign with a kind of key;
// none for a kind that is not safe any more, such as ssh-dss.
func sftpAlgorithms(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	if slices.Contains(slices.Concat(sftpFamilies...), kind) {
		return []string{kind}
	}
	return nil
}

// sftpAuthority reports whether the line of a known key is one of an authority
// that vouches for servers.
func sftpAuthority(k knownhosts.KnownKey) bool {
	text, err := os.ReadFile(k.Filename)
	lines := strings.Split(string(text), "\n")
	return err == nil && k.Line <= len(lines) && strings.HasPrefix(strings.TrimSpace(lines[k.Line-1]), "@cert-authority")
}

// sftpNoKey is a key that no server has, to ask which ones are known.
type sftpNoKey struct{}

func (sftpNoKey) Type() string                        { return "none" }
func (sftpNoKey) Marshal() []byte                     { return nil }
func (sftpNoKey) Verify([]byte, *ssh.Signature) error { return errOtherKey }

// HostKey asks the server for its key, without signing in.
func (d *SFTP) HostKey(ctx context.Context) (HostKey, error) {
	known, err := d.knownKeys()
	if err != nil {
		return HostKey{}, err
	}
	var found HostKey
	look := func(address string, remote net.Addr, key ssh.PublicKey) error {
		found = HostKey{
			Host:        knownhosts.Normalize(d.address),
			Fingerprint: ssh.FingerprintSHA256(key),
			Line:        knownhosts.Line([]string{d.address}, key),
			Known:       known.check(address, remote, key) == nil,
		}
		return errSeen
	}
	var failed error
	for _, algorithms := range known.algorithms() {
		_, err := d.connectWith(ctx, algorithms, look, nil)
		if found.Known {
			return found, nil
		}
		failed = err
		if !errors.Is(err, errSeen) && !sftpNoneCommon(err) {
			break
		}
	}
	if errors.Is(failed, errSeen) {
		return found, nil
	}
	return HostKey{}, d.refusedSignIn(failed)
}

// sftpTrusting is held while a file of accepted keys is rewritten.
var sftpTrusting sync.Mutex

// Trust accepts the key in place of those that were accepted for the server before.
func (d *SFTP) Trust(key HostKey) error {
	if d.place.Settings["host_key"] != "" {
		return models.Conflictf("drive %q: its setting host_key says which key is trusted: change that", d.place.Label)
	}
	if d.acceptedFile() == "" {
		return models.Conflictf("drive %q has no folder to keep accepted keys in: set host_key to %s", d.place.Label, key.Fingerprint)
	}
	public, err := sftpParseKey(key.Line)
	if err != nil || ssh.FingerprintSHA256(public) != key.Fingerprint {
		return models.Invalidf("drive %q: this is not a host key: ask the server for it again", d.place.Label)
	}
	sftpTrusting.Lock()
	defer sftpTrusting.Unlock()
	lines, err := d.acceptedOfOthers()
	if err != nil {
		return err
	}
	lines = append(lines, knownhosts.Line([]string{d.address}, public))
	return d.writeAccepted(strings.Join(lines, "\n") + "\n")
}

// acceptedOfOthers returns the accepted keys of all servers but this one.
func (d *SFTP) acceptedOfOthers() ([]string, error) {
	text, err := os.ReadFile(d.acceptedFile())
	if err := ignoreMissing(err); err != nil {
		return nil, fmt.Errorf("read the host keys accepted so far: %w", err)
	}
	own := knownhosts.Normalize(d.address) + " "
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, own)
	}), nil
}

// writeAccepted replaces the file of accepted keys at once.
func (d *SFTP) writeAccepted(text string) error {
	if err := os.MkdirAll(d.place.StateDir, 0o700); err != nil {
		return fmt.Errorf("make the folder of accepted host keys: %w", err)
	}
	f, err := os.CreateTemp(d.place.StateDir, ".known_hosts-") // mode 0600
	if err != nil {
		return fmt.Errorf("keep an accepted host key: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), d.acceptedFile())
	}
	if err != nil {
		return fmt.Errorf("keep an accepted host key: %w", errors.Join(err, ignoreMissing(os.Remove(f.Name()))))
	}
	return nil
}
