package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	gdrive "google.golang.org/api/drive/v3"
	"google.golang.org/api/googleapi"

	"github.com/backupman/backupman/models"
)

const (
	// googleStatusResume is how a session says that it wants more.
	googleStatusResume = 308
	// googleUndoing bounds how long the remains of a failed upload are cleaned up.
	googleUndoing = 30 * time.Second
)

// googleUpload is a resumable upload ("Upload file data" in the Drive API's guides).
// Nothing can be seen of it before its last byte is sent.
type googleUpload struct {
	drive   *GoogleDrive
	dir     string
	file    gdrive.File
	content googleContent
	told    func(int64)

	// session is the address of the upload; empty before it has begun.
	session string
	// unsure says that it is not known how much the session has taken.
	unsure bool
	// taken is how many bytes the session has taken.
	taken int64
	// made says that the file may be there.
	made bool

	// bodies are the readers of content that are still open.
	bodies sync.WaitGroup

	mu sync.Mutex
	// own is the content's own fault.
	own error
}

// run sends all content, and carries on after breaks from where the session has got.
func (u *googleUpload) run(ctx context.Context) (*gdrive.File, error) {
	best, attempt := int64(0), 1
	for {
		file, err := u.step(ctx)
		if file != nil && err == nil {
			u.session, u.made = "", true
			return file, nil
		}
		if err != nil && (!Passing(err) || wasTried(err) || ctx.Err() != nil) {
			return nil, err
		}
		if u.taken > best {
			best, attempt = u.taken, 1
		}
		if err == nil {
			continue
		}
		if attempt >= u.drive.policy.Attempts || !u.drive.policy.Pause(ctx, attempt, err) {
			return nil, googleTried(err)
		}
		attempt++
	}
}

// googleTried marks an error after which the attempts are used up.
func googleTried(err error) error {
	tried := &PassingError{Cause: err, Tried: true}
	var marked *PassingError
	if errors.As(err, &marked) {
		tried.After = marked.After
	}
	return tried
}

// step begins a session, asks how far one has got, or sends the next part. It
// returns the file when that is whole.
func (u *googleUpload) step(ctx context.Context) (*gdrive.File, error) {
	switch {
	case u.session == "":
		return u.begin(ctx)
	case u.unsure:
		return u.ask(ctx)
	}
	part, err := u.content.part(ctx, u.taken)
	if err != nil {
		return nil, u.drive.fault(ctx, "send "+u.file.Name, err)
	}
	return u.send(ctx, part)
}

// begin asks for a session, in the folder as it is now when the one that is
// remembered is gone.
func (u *googleUpload) begin(ctx context.Context) (*gdrive.File, error) {
	if err := u.name(ctx); err != nil {
		return nil, err
	}
	res, err := u.post(ctx)
	if isGoogleStatus(err, http.StatusNotFound) {
		if u.file.Parents, err = u.parents(ctx); err == nil {
			res, err = u.post(ctx)
		}
	}
	if isGoogleStatus(err, http.StatusConflict) { // the id is taken: it has come to its end unnoticed
		return u.drive.described(ctx, u.file.Id)
	}
	if err != nil {
		return nil, u.drive.fault(ctx, "begin to upload", err)
	}
	return nil, u.begun(res)
}

func (u *googleUpload) begun(session string) error {
	if session == "" {
		return u.drive.fault(context.Background(), "begin to upload", errGoogleNonsense)
	}
	u.session, u.taken, u.unsure = session, 0, false
	return nil
}

// name asks for an id, so that an upload that is tried again makes no second file
// and what has failed can be told from all else.
func (u *googleUpload) name(ctx context.Context) error {
	if u.file.Id != "" {
		return nil
	}
	ids, err := u.drive.api.Files.GenerateIds().Count(1).Space("drive").Fields("ids").Context(ctx).Do()
	if err == nil && len(ids.Ids) != 1 {
		err = errGoogleNonsense
	}
	if err != nil {
		return u.drive.fault(ctx, "begin to upload", err)
	}
	u.file.Id = ids.Ids[0]
	return nil
}

func (u *googleUpload) parents(ctx context.Context) ([]string, error) {
	u.drive.forget()
	id, err := u.drive.makeFolder(ctx, u.dir)
	return []string{id}, err
}

// post begins a session and returns its address. What is known of it is this address
// alone, so the answer is waited for a moment longer when the context has ended.
func (u *googleUpload) post(ctx context.Context) (string, error) {
	ctx, cancel := googleLinger(ctx)
	defer cancel()
	text, err := json.Marshal(&u.file)
	if err != nil {
		return "", err
	}
	query := url.Values{"uploadType": {"resumable"}, "supportsAllDrives": {"true"}, "fields": {googleFields}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.drive.endpoint+"/upload/drive/v3/files?"+query.Encode(), bytes.NewReader(text))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json; charset=UTF-8")
	req.Header.Set("X-Upload-Content-Type", u.file.MimeType)
	res, err := u.drive.client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if err := googleapi.CheckResponse(res); err != nil {
		return "", err
	}
	at, err := res.Location()
	if err != nil {
		return "", errGoogleNonsense
	}
	return at.String(), nil
}

// googleLinger returns a context that ends a moment after another.
func googleLinger(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(googlePatience, func() { cancel(context.Cause(ctx)) })
	})
	return late, func() { stop(); cancel(nil) }
}

// ask learns how much the session has taken.
func (u *googleUpload) ask(ctx context.Context) (*gdrive.File, error) {
	return u.put(ctx, "bytes */*", 0, nil)
}

// send sends a part, of which the session may take less.
func (u *googleUpload) send(ctx context.Context, part googlePart) (*gdrive.File, error) {
	before := u.taken
	u.unsure = true
	u.made = u.made || part.last
	file, err := u.put(ctx, googleRange(part), part.size, func() (io.ReadCloser, error) { return u.open(ctx, part) })
	if own := u.fault(); own != nil {
		return nil, own
	}
	if err == nil && file == nil && u.taken <= before {
		err = u.drive.fault(ctx, "send "+u.file.Name, &PassingError{Cause: errors.New("nothing of it was taken: try again")})
	}
	return file, err
}

// googleRange is the Content-Range of a part; "bytes */N" ends an upload whose bytes
// are all there.
func googleRange(p googlePart) string {
	end, total := p.from+p.size, "*"
	if p.last {
		total = strconv.FormatInt(end, 10)
	}
	if p.size == 0 {
		return "bytes */" + total
	}
	return fmt.Sprintf("bytes %d-%d/%s", p.from, end-1, total)
}

// put sends a request to the session; its body can be opened anew.
func (u *googleUpload) put(ctx context.Context, span string, size int64, open func() (io.ReadCloser, error)) (*gdrive.File, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.session, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Range", span)
	if size > 0 {
		req.ContentLength, req.GetBody = size, open
		if req.Body, err = open(); err != nil {
			return nil, err
		}
	}
	res, err := u.drive.client.Do(req)
	if err != nil {
		return nil, u.drive.fault(ctx, "send "+u.file.Name, err)
	}
	defer res.Body.Close()
	return u.answer(ctx, res)
}

// answer reads what the session says: that the file is whole, how much it has
// taken, or that it is gone.
func (u *googleUpload) answer(ctx context.Context, res *http.Response) (*gdrive.File, error) {
	switch res.StatusCode {
	case http.StatusOK, http.StatusCreated:
		file, err := googleDescription(res.Body)
		if err != nil {
			u.unsure = true
		}
		return file, u.drive.fault(ctx, "send "+u.file.Name, err)
	case googleStatusResume:
		taken, err := googleTaken(res.Header.Get("Range"))
		if err != nil {
			return nil, u.drive.fault(ctx, "send "+u.file.Name, err)
		}
		u.taken, u.unsure = taken, false
		return nil, nil
	case http.StatusNotFound, http.StatusGone:
		return nil, u.lost(ctx)
	default:
		return nil, u.drive.fault(ctx, "send "+u.file.Name, googleapi.CheckResponse(res))
	}
}

// lost is what becomes of an upload whose session is gone: they live for a week,
// and no longer than the folder they are for.
func (u *googleUpload) lost(ctx context.Context) error {
	err := errors.New("the upload is not known at Google any more: try again")
	if !u.content.repeats() {
		return u.drive.fault(ctx, "send "+u.file.Name, &PassingError{Tried: true, Cause: err})
	}
	parents, wrong := u.parents(ctx)
	if wrong != nil {
		return wrong
	}
	u.session, u.taken, u.file.Parents = "", 0, parents
	return u.drive.fault(ctx, "send "+u.file.Name, &PassingError{Cause: err})
}

// googleDescription reads the description of a whole file.
func googleDescription(r io.Reader) (*gdrive.File, error) {
	var file gdrive.File
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &file); err != nil || file.Id == "" {
		return nil, errGoogleNonsense
	}
	return &file, nil
}

// googleTaken reads how many bytes a session has: "bytes=0-N", and nothing when it
// has none.
func googleTaken(span string) (int64, error) {
	if span == "" {
		return 0, nil
	}
	last, ok := strings.CutPrefix(span, "bytes=0-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0, errGoogleNonsense
	}
	return n + 1, nil
}

// undo leaves nothing of an upload that has failed, whether its context has ended or not.
func (u *googleUpload) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), googleUndoing)
	defer cancel()
	var ending, removing error
	if u.session != "" {
		ending = u.drive.policy.Do(ctx, u.cancel)
	}
	if u.made {
		removing = u.drive.policy.Do(ctx, func(ctx context.Context) error { return u.drive.remove(ctx, u.file.Id, u.file.Name) })
	}
	return errors.Join(ending, removing)
}

// cancel ends the session. One that is at its end, or gone, can't be cancelled.
func (u *googleUpload) cancel(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, u.session, nil)
	if err != nil {
		return err
	}
	res, err := u.drive.client.Do(req)
	if err != nil {
		return u.drive.fault(ctx, "end an upload", err)
	}
	defer res.Body.Close()
	if res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests || res.StatusCode == 499 {
		return nil
	}
	return u.drive.fault(ctx, "end an upload", googleapi.CheckResponse(res))
}

// described asks for the description of a file by its id.
func (d *GoogleDrive) described(ctx context.Context, id string) (*gdrive.File, error) {
	f, err := d.api.Files.Get(id).SupportsAllDrives(true).Fields(googleFields).Context(ctx).Do()
	if err == nil && f.Id == "" {
		err = errGoogleNonsense
	}
	if err != nil {
		return nil, d.fault(ctx, "find what was uploaded", err)
	}
	return f, nil
}

// open opens the content of a part.
func (u *googleUpload) open(ctx context.Context, part googlePart) (io.ReadCloser, error) {
	r, err := part.open(ctx)
	if err != nil {
		return nil, u.blame(err)
	}
	u.bodies.Add(1)
	return &googleBody{upload: u, guard: NewGuard(r), close: sync.OnceValue(func() error {
		defer u.bodies.Done()
		return r.Close()
	}), at: part.from, end: part.from + part.size}, nil
}

// settle waits until no content is read any more: net/http may be at it for a
// moment after a request has failed.
func (u *googleUpload) settle() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		u.bodies.Wait()
	}()
	select {
	case <-closed:
	case <-time.After(googlePatience):
	}
}

// blame keeps the content's own fault.
func (u *googleUpload) blame(err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.own == nil {
		u.own = &SourceError{Cause: err}
	}
	return u.own
}

func (u *googleUpload) fault() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.own
}

// googleBody is the content of a part on its way.
type googleBody struct {
	upload  *googleUpload
	guard   *Guard
	close   func() error
	at, end int64
}

func (b *googleBody) Read(p []byte) (int, error) {
	if b.at == b.end {
		return 0, io.EOF
	}
	n, err := b.guard.Read(p[:min(int64(len(p)), b.end-b.at)])
	b.at += int64(n)
	if n > 0 && b.upload.told != nil {
		b.upload.told(b.at)
	}
	switch {
	case b.at == b.end:
		return n, nil
	case err == io.EOF: //nolint:errorlint // only a bare io.EOF is the end of a reader
		return n, b.upload.blame(models.Conflictf("the content of %s has become shorter while it was sent", strings.TrimPrefix(b.upload.file.Name, ".")))
	case err != nil:
		return n, b.upload.blame(b.guard.Blame(err))
	}
	return n, nil
}

// Close may be called more than once.
func (b *googleBody) Close() error { return b.close() }
