package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// keyFile is the file in the data folder that has the key where nothing else does.
const keyFile = "secrets.key"

// mostKeys bounds what a source may say, in bytes.
const mostKeys = 64 << 10

// Source is where the keys come from: the first of Key, File and Command that is set, or
// a file in the data folder, which is made once.
type Source struct {
	// Key is the key itself, which came from the configuration or the environment. It may
	// have several lines.
	Key  models.Secret
	File string
	// Command is a program and its arguments. It is run without a shell, and prints the
	// keys as a file has them.
	Command []string
	// Data is the data folder.
	Data string
}

// name is what the source is called in a sentence.
func (s Source) name() string {
	switch {
	case !s.Key.Empty():
		return "secrets.key (or BACKUPMAN_SECRETS_KEY)"
	case s.File != "":
		return "the key file " + s.File
	case len(s.Command) > 0:
		return "what secrets.key_command prints"
	}
	return "the key file " + s.file()
}

func (s Source) isCommand() bool { return s.Key.Empty() && s.File == "" && len(s.Command) > 0 }

// file is the file that has the keys; empty where none has them.
func (s Source) file() string {
	switch {
	case !s.Key.Empty():
		return ""
	case s.File != "":
		return s.File
	case len(s.Command) > 0:
		return ""
	}
	return filepath.Join(s.Data, keyFile)
}

func (s Source) text(ctx context.Context) (string, error) {
	switch file := s.file(); {
	case !s.Key.Empty():
		return s.Key.Reveal(), nil
	case file == "":
		return runCommand(ctx, s.Command)
	case s.File == "":
		if _, err := disk.Once(file, NewKey().Reveal()); err != nil {
			return "", fmt.Errorf("keep the key that seals secrets: %w", err)
		}
		return readKeyFile(file)
	default:
		return readKeyFile(file)
	}
}

// stamp changes when the file of the keys does; it is empty where there is none.
func (s Source) stamp() string {
	file := s.file()
	if file == "" {
		return ""
	}
	info, err := os.Stat(file)
	if err != nil {
		return "missing"
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size(), inode(info))
}

// readKeyFile refuses a file that others can read: what is sealed would be open to them.
func readKeyFile(path string) (string, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", models.Invalidf("the key file %s is not there: check secrets.key_file, or bring the file back from where you keep a copy; a new key does not open what the old one sealed", path)
	case err != nil:
		return "", models.Invalidf("the key file %s can't be read: %s", path, cause(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("look at the key file %s: %w", path, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", models.Invalidf("the key file %s can be read or changed by other accounts of this machine: run chmod 600 %s, or where its disk keeps no modes, such as a share, give the key in BACKUPMAN_SECRETS_KEY", path, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, mostKeys+1))
	if err != nil {
		return "", fmt.Errorf("read the key file %s: %w", path, err)
	}
	if len(text) > mostKeys {
		return "", models.Invalidf("the key file %s is too long to be one: it has a key a line", path)
	}
	return strings.TrimPrefix(string(text), "\xef\xbb\xbf"), nil
}

// cause is an error's reason without the path that is told already.
func cause(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
