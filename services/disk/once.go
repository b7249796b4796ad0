package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Once returns the text that a file holds, without blanks around it. Where there is no
// such file it is made with what is offered, readable by this user only: of several
// processes that come together one makes it, and all return the same.
func Once(path, offer string) (string, error) {
	text, err := readOnce(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make the folder of %s: %w", path, err)
	}
	if err := offerOnce(path, offer); err != nil {
		return "", err
	}
	return readOnce(path)
}

func readOnce(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	kept := strings.TrimSpace(string(text))
	if kept == "" {
		return "", fmt.Errorf("read %s: it is empty: remove it, so that it is made anew", path)
	}
	return kept, nil
}

// offerOnce writes the whole file beside its place and links it there, which fails where
// another process was faster. File systems without links get a rename, by which the
// last one wins.
func offerOnce(path, offer string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(offer + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	switch err := os.Link(f.Name(), path); {
	case err == nil, errors.Is(err, fs.ErrExist):
	default:
		if err := os.Rename(f.Name(), path); err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
	}
	return SyncFolder(filepath.Dir(path))
}
