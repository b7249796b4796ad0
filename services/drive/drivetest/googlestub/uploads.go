package googlestub

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
)

// block is what every chunk but the last must be a multiple of, and what is kept of
// a chunk that breaks off.
const block = 256 << 10

// session is a resumable upload.
type session struct {
	// mu lets one chunk in after the other.
	mu      sync.Mutex
	id      string
	account string
	file    *file
	fields  string
	content string
	sum     hash.Hash
	taken   int64
	whole   bool
	// gone is the status of a session that is no more: it was cancelled or is too old.
	gone int
}

func (u *session) open() bool { return !u.whole && u.gone == 0 }

// begin starts a session.
func (s *Stub) begin(w http.ResponseWriter, r *http.Request, who access) error {
	if err := known(r, "uploadType"); err != nil {
		return err
	}
	if r.URL.Query().Get("uploadType") != "resumable" {
		return badRequest("only resumable uploads are known here")
	}
	m, err := readMetadata(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.place(m, r, who)
	if err != nil {
		return err
	}
	if _, err := s.describe(f, r.URL.Query().Get("fields")); err != nil {
		return err
	}
	u := &session{id: secret() + secret(), account: who.account, file: f, fields: r.URL.Query().Get("fields"), sum: sha256.New()}
	u.content = filepath.Join(s.dir, f.ID+"-"+u.id)
	if err := os.WriteFile(u.content, nil, 0o600); err != nil {
		return err
	}
	s.sessions[u.id] = u
	w.Header().Set("Location", s.URL+"/upload/drive/v3/files?uploadType=resumable&upload_id="+u.id)
	w.WriteHeader(http.StatusOK)
	return nil
}

// ExpireSessions ends all uploads that have begun, as a week does.
func (s *Stub) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.sessions {
		u.end(http.StatusNotFound)
	}
}

func (u *session) end(status int) {
	if u.gone = status; !u.whole {
		_ = os.Remove(u.content)
	}
}

func (s *Stub) session(r *http.Request, who access) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.sessions[r.URL.Query().Get("upload_id")]
	if u == nil || u.gone != 0 || u.account != who.account {
		return nil, refusal{Code: 404, Reason: "notFound", Message: "Upload session not found."}
	}
	return u, nil
}

// cancel ends an upload: 499 is Google's word for done.
func (s *Stub) cancel(w http.ResponseWriter, r *http.Request, who access) error {
	u, err := s.session(r, who)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.whole {
		return badRequest("The upload is complete.")
	}
	u.end(http.StatusNotFound)
	w.WriteHeader(499)
	return nil
}

var (
	bytesRange  = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+|\*)$`)
	statusRange = regexp.MustCompile(`^bytes \*/(\d+|\*)$`)
)

// span is what a Content-Range says; total is -1 where it is not known yet.
type span struct {
	from, size, total int64
	// asks says that it holds no bytes.
	asks bool
}

func readSpan(text string) (span, error) {
	if m := statusRange.FindStringSubmatch(text); m != nil {
		return span{asks: true, total: number(m[1])}, nil
	}
	m := bytesRange.FindStringSubmatch(text)
	if m == nil {
		return span{}, badRequest("Invalid Content-Range %q", text)
	}
	c := span{from: number(m[1]), size: number(m[2]) - number(m[1]) + 1, total: number(m[3])}
	switch end := c.from + c.size; {
	case c.size <= 0 || (c.total >= 0 && end > c.total):
		return c, badRequest("Invalid Content-Range %q", text)
	case end != c.total && c.size%block != 0:
		return c, badRequest("A chunk that is not the last must be a multiple of %d bytes, not %d", block, c.size)
	}
	return c, nil
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// chunk takes a part of an upload, or tells how far that is.
func (s *Stub) chunk(w http.ResponseWriter, r *http.Request, who access) error {
	u, err := s.session(r, who)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	c, err := readSpan(r.Header.Get("Content-Range"))
	if err != nil {
		return err
	}
	if r.ContentLength != c.size {
		return badRequest("Content-Length is %d and Content-Range has %d bytes", r.ContentLength, c.size)
	}
	if !c.asks && !u.whole {
		if err := s.take(u, c, r.Body, who); err != nil {
			return err
		}
	}
	return s.progress(w, u, c)
}

// progress ends an upload whose bytes are all there, and tells how far another is.
func (s *Stub) progress(w http.ResponseWriter, u *session, c span) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !u.whole && c.total >= 0 && u.taken == c.total {
		if err := s.finish(u); err != nil {
			return err
		}
	}
	if u.whole {
		f := s.files[u.file.ID]
		if f == nil {
			return notFound(u.file.ID)
		}
		return s.answer(w, f, u.fields)
	}
	if u.taken > 0 {
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", u.taken-1))
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusPermanentRedirect)
	return nil
}

// take appends what comes of a chunk, in whole blocks where it breaks off.
func (s *Stub) take(u *session, c span, body io.Reader, who access) error {
	if c.from != u.taken {
		return badRequest("the upload has %d bytes, and the chunk begins at %d", u.taken, c.from)
	}
	out, err := os.OpenFile(u.content, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return refusal{Code: 404, Reason: "notFound", Message: "Upload session not found."}
	}
	defer out.Close()
	buffer := make([]byte, block)
	for left := c.size; left > 0; {
		n, err := io.ReadFull(body, buffer[:min(left, block)])
		s.count(n)
		if err != nil {
			return badRequest("The chunk breaks off: %v", err)
		}
		if err := s.room(u, int64(n), who); err != nil {
			return err
		}
		if _, err := out.Write(buffer[:n]); err != nil {
			return err
		}
		u.sum.Write(buffer[:n])
		u.taken += int64(n)
		left -= int64(n)
	}
	return nil
}

func (s *Stub) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken += int64(n)
}

// room refuses what an account may not store. A service account has no room at all.
func (s *Stub) room(u *session, more int64, who access) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case u.file.drive != "":
		return nil
	case who.account == robot:
		return forbidden("storageQuotaExceeded", "Service Accounts do not have storage quota. Leverage shared drives, or use OAuth delegation instead.")
	case s.limit > 0 && s.usage(who.account)+u.taken+more > s.limit:
		return forbidden("storageQuotaExceeded", "The user's Drive storage quota has been exceeded.")
	}
	return nil
}

// finish makes the file of an upload, unless its folder or its id went away.
func (s *Stub) finish(u *session) error {
	f := u.file
	switch {
	case s.files[f.parent] == nil && f.parent != root(u.account) && s.drives[f.parent] == nil:
		u.end(http.StatusNotFound)
		return notFound(f.parent)
	case s.files[f.ID] != nil:
		return refusal{Code: 409, Reason: "fileIdInUse", Message: "A file already exists with the provided ID."}
	}
	f.size, f.sum, f.content = u.taken, hex.EncodeToString(u.sum.Sum(nil)), u.content
	f.created = s.now()
	f.modified = f.created
	if f.MimeType == "" {
		f.MimeType = "application/octet-stream"
	}
	s.files[f.ID] = f
	u.whole = true
	return s.spoil(f)
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// errSpoiled says that a fault could not be made.
var errSpoiled = errors.New("spoil a stored file")
