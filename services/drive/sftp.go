package drive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/sftp"

	"github.com/backupman/backupman/models"
)

// sftpCleanTime bounds how long a failed Put takes to clear up behind itself.
const sftpCleanTime = 10 * time.Second

var sftpKind = Kind{
	Kind: models.Kind{Provider: "sftp", Name: "SFTP server", Settings: []models.Setting{
		{Name: "host", Decides: models.DecidesReceiver | models.DecidesPlace, Label: "Host", Type: models.SettingText, Required: true,
			Help: "Name or address of the server."},
		{Name: "port", Decides: models.DecidesReceiver | models.DecidesPlace, Label: "Port", Type: models.SettingInt, Default: "22",
			Help: "Port of its SSH service."},
		{Name: "user", Decides: models.DecidesPlace, Label: "User", Type: models.SettingText, Required: true,
			Help: "Account to sign in with."},
		{Name: "password", Decides: models.DecidesHow, Label: "Password", Type: models.SettingText, Secret: true,
			Help: "Password of the account; empty when a key or an agent lets it in."},
		{Name: "key_file", Decides: models.DecidesHow, Label: "Key file", Type: models.SettingPath,
			Help: "Path of the private key, such as ~/.ssh/id_ed25519."},
		{Name: "key_passphrase", Decides: models.DecidesHow, Label: "Passphrase of the key", Type: models.SettingText, Secret: true, Advanced: true,
			Help: "Opens the key file when it is encrypted."},
		{Name: "agent", Decides: models.DecidesHow, Label: "Agent", Type: models.SettingBool, Default: "false", Advanced: true,
			Help: "Sign in with the keys of the SSH agent that SSH_AUTH_SOCK names."},
		{Name: "folder", Decides: models.DecidesPlace, Label: "Folder", Type: models.SettingText, Required: true,
			Help: "Folder that keeps the copies, made when it is missing. Without a leading slash it is below the account's own folder."},
		{Name: "host_key", Decides: models.DecidesReceiver, Label: "Host key", Type: models.SettingText,
			Help: "The server's key, as SHA256:… or as in known_hosts. The server must show this one and no other."},
		{Name: "known_hosts", Decides: models.DecidesReceiver, Label: "Known hosts", Type: models.SettingPath, Default: sftpKnownHosts, Advanced: true,
			Help: "File of the host keys that are trusted, besides those accepted with backupman trust."},
	}},
	Open: func(p Place) (Drive, error) { return newSFTP(p) },
}

// SFTP keeps copies in a folder of a server that speaks SFTP
// (draft-ietf-secsh-filexfer-02, with OpenSSH's extensions where it offers them).
// The server must always show a key that is trusted.
type SFTP struct {
	place   Place
	address string
	user    string
	// folder is the root of all keys; relative to the account's folder without a
	// leading slash.
	folder string
	// silence is how long a request may go unanswered.
	silence time.Duration
	// identity tells connections apart that other settings made.
	identity string
}

var (
	_ Drive   = (*SFTP)(nil)
	_ Truster = (*SFTP)(nil)
)

func newSFTP(p Place) (*SFTP, error) {
	host, port := strings.Trim(p.Settings["host"], "[]"), p.Settings.Int("port", 22)
	if host == "" || strings.ContainsAny(host, " /@") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return nil, models.Invalidf("drive %q: host must be the name or address of a server and nothing else: there are the settings port, user and folder", p.Label)
	}
	if port < 1 || port > 65535 {
		return nil, models.Invalidf("drive %q: port must be between 1 and 65535, not %d", p.Label, port)
	}
	d := &SFTP{
		place:   p,
		address: net.JoinHostPort(host, strconv.Itoa(port)),
		user:    p.Settings["user"],
		folder:  path.Clean(strings.TrimPrefix(p.Settings["folder"], "~/")),
		silence: p.Policy.Stall,
	}
	if d.silence <= 0 {
		d.silence = DefaultPolicy().Stall
	}
	d.identity = sftpIdentity(p)
	return d, nil
}

func (d *SFTP) remote(name string) string { return path.Join(d.folder, name) }

// Stat describes a copy.
func (d *SFTP) Stat(ctx context.Context, key string) (s Stored, err error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	err = d.with(ctx, func(c *sftpConn) error {
		s, err = d.stat(c, key)
		return err
	})
	return s, err
}

func (d *SFTP) stat(c *sftpConn, key string) (Stored, error) {
	info, err := c.files.Lstat(d.remote(key))
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Stored{}, d.fault("find "+key, err)
	}
	return d.stored(key, info.Size()), nil
}

// stored describes a copy with the path that people give to scp and sftp.
func (d *SFTP) stored(key string, size int64) Stored {
	return Stored{Key: key, Size: size, Path: d.user + "@" + d.place.Settings["host"] + ":" + d.remote(key)}
}

// Delete removes a copy, and its folder when that is empty then. It looks first, for
// to remove a folder that has the name would be the library's next try.
func (d *SFTP) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.with(ctx, func(c *sftpConn) error {
		_, err := d.stat(c, key)
		if errors.Is(err, models.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := d.remove(c, key); err != nil {
			return d.fault("remove "+key, err)
		}
		d.removeEmptied(c, key)
		return nil
	})
}

func (d *SFTP) remove(c *sftpConn, name string) error {
	return ignoreMissing(c.files.Remove(d.remote(name)))
}

// removeEmptied removes the folder that a file was in. It fails while other files
// are there, which is right.
func (d *SFTP) removeEmptied(c *sftpConn, name string) {
	if dir := path.Dir(name); dir != "." {
		_ = c.files.RemoveDirectory(d.remote(dir))
	}
}

// makeFolders makes a folder and those above it, for the account alone, and
// reports whether it made any.
func (d *SFTP) makeFolders(c *sftpConn, folder string) (made bool, err error) {
	info, err := c.files.Stat(folder)
	switch {
	case err == nil && info.IsDir():
		return false, nil
	case err == nil:
		return false, models.Invalidf("drive %q needs a folder %s on %s, and a file is in its place: move that away, or set another folder", d.place.Label, folder, d.address)
	case !errors.Is(err, fs.ErrNotExist):
		return false, d.fault("find its folder", err)
	}
	if above := path.Dir(folder); above != folder && above != "." {
		if _, err := d.makeFolders(c, above); err != nil {
			return false, err
		}
	}
	return d.makeFolder(c, folder)
}

func (d *SFTP) makeFolder(c *sftpConn, folder string) (made bool, err error) {
	if err := c.files.Mkdir(folder); err != nil {
		if info, e := c.files.Stat(folder); e == nil && info.IsDir() {
			return false, nil // another Put made it a moment ago
		}
		return false, d.refused(c, "make the folder "+folder, err)
	}
	_ = c.files.Chmod(folder, 0o700) // some servers know no modes
	return true, nil
}

// fault puts an error of the server into words that name the drive.
func (d *SFTP) fault(doing string, err error) error {
	var fault *models.Fault
	var passing *PassingError
	var status *sftp.StatusError
	label, at := d.place.Label, d.address
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault), errors.As(err, &passing), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return models.NotFoundf("drive %q could not %s: it is not there in %s on %s", label, doing, d.folder, at)
	case errors.Is(err, fs.ErrPermission):
		return models.Invalidf("drive %q could not %s: the account %s may not do that in %s on %s", label, doing, d.user, d.folder, at)
	case errors.As(err, &status):
		return &reachFault{cause: err, Fault: reachSentence(models.ErrConflict, label, doing,
			fmt.Sprintf("%s refused it and said %q: look into its log", at, sftpSaid(status)))}
	case sftpLost(err):
		return &PassingError{Cause: &reachFault{cause: err, Fault: reachSentence(models.ErrConflict, label, doing,
			"the connection to "+at+" broke off: see whether the server and the network work, and try again")}}
	default:
		return fmt.Errorf("drive %q could not %s on %s: %w", label, doing, at, err)
	}
}

// sftpSaid is what a server said itself; of the library's message it is what stands in
// quotes.
func sftpSaid(status *sftp.StatusError) string {
	said := status.Error()
	if _, quoted, ok := strings.Cut(said, "\""); ok {
		said, _, _ = strings.Cut(quoted, "\"")
	}
	return said
}

// silent is why a connection is broken off whose server does not answer.
func (d *SFTP) silent() error {
	return &PassingError{Cause: models.Conflictf("drive %q: %s has not answered for too long: see whether the server is overloaded, or the network between is down", d.place.Label, d.address)}
}

// refused is fault for what fails on a full disk, of which the protocol has no
// word of its own: it asks the server for its free space.
func (d *SFTP) refused(c *sftpConn, doing string, err error) error {
	var status *sftp.StatusError
	if !errors.As(err, &status) {
		return d.fault(doing, err)
	}
	if free, _ := d.space(c); free >= 0 && free < localReserve {
		return d.full()
	}
	return d.fault(doing, err)
}

func (d *SFTP) full() error {
	return models.NoSpacef("the disk of drive %q is full: free space in %s on %s, or use a larger disk", d.place.Label, d.folder, d.address)
}

// space returns the free and all bytes of the disk, -1 where the server does not
// tell (statvfs@openssh.com).
func (d *SFTP) space(c *sftpConn) (free, total int64) {
	if _, ok := c.files.HasExtension("statvfs@openssh.com"); !ok {
		return -1, -1
	}
	v, err := c.files.StatVFS(d.folder)
	if err != nil {
		return -1, -1
	}
	return int64(v.Bavail * v.Frsize), int64(v.Blocks * v.Frsize)
}

// sftpHome finds a path that begins with ~/ below this program's home folder.
func sftpHome(name string) string {
	rest, ok := strings.CutPrefix(name, "~/")
	if !ok {
		return name
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return name
	}
	return path.Join(home, rest)
}
