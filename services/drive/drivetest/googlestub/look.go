package googlestub

import (
	"io"
	"io/fs"
	"os"
)

// Clear takes back all faults that have not happened yet.
func (s *Stub) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Delay keeps the files that have the path now out of lists: those of Google may be
// a moment behind.
func (s *Stub) Delay(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.MimeType != folderType && s.path(f) == path {
			f.late = true
		}
	}
}

// Content reads a file that has the path, by other means than a drive. Without one it
// returns fs.ErrNotExist.
func (s *Stub) Content(path string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.MimeType != folderType && !f.trashed && s.path(f) == path {
			return os.Open(f.content)
		}
	}
	return nil, fs.ErrNotExist
}
