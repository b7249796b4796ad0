package drive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// webdavSilence bounds a request that brings no content, and how long a server may
	// think before it begins to answer a download, where Policy.Stall says nothing.
	webdavSilence = 2 * time.Minute
	// webdavAssembly bounds how long a server may think after the end of an upload,
	// and over a move: some copy the file within.
	webdavAssembly = 15 * time.Minute
	// webdavGrace is how long an upload that was given up may take to end in good
	// form, and webdavCleanTime how long it may take to clear up behind it.
	webdavGrace, webdavCleanTime = 2 * time.Second, 10 * time.Second
	// webdavHead is how much content is looked at, in bytes, before it is sent: what
	// ends within is sent with its length, which every server takes.
	webdavHead = 256 << 10
)

var webdavKind = Kind{
	Kind: models.Kind{Provider: "webdav", Name: "WebDAV", Settings: []models.Setting{
		{Name: "url", Label: "Address", Type: models.SettingText, Required: true,
			Help: "Address of the folder that keeps the copies, with https:// or http:// before it; the folder is made when it is missing."},
		{Name: "user", Label: "User", Type: models.SettingText,
			Help: "Name to sign in with; empty when a token is used."},
		{Name: "password", Label: "Password", Type: models.SettingText, Secret: true,
			Help: "Password of the user; where the service offers app passwords, make one for this."},
		{Name: "token", Label: "Token", Type: models.SettingText, Secret: true,
			Help: "Bearer token to sign in with instead of a user and a password."},
		{Name: "tls_ca", Label: "Certificate authority", Type: models.SettingPath, Advanced: true,
			Help: "File of the certificates that may vouch for the server; empty for the system's."},
	}},
	Open: func(p Place) (Drive, error) { return newWebDAV(p) },
}

// WebDAV keeps copies in a folder of a WebDAV server (RFC 4918). Uploads grow under
// a hidden name and are moved to the final one. Folders are never removed: to remove
// one removes what is in it, and it cannot be said that it must be empty.
type WebDAV struct {
	place   Place
	root    *url.URL // ends with a slash
	client  *http.Client
	silence time.Duration
	// sized says that the server was found to take only uploads of a known length.
	sized atomic.Bool
	// byPath says that the server did not know its own address in a request to move.
	byPath atomic.Bool
}

var _ Drive = (*WebDAV)(nil)

func newWebDAV(p Place) (*WebDAV, error) {
	root, err := webdavRoot(p.Settings["url"])
	if err != nil {
		return nil, models.Invalidf("drive %q: its url %v: write it as in https://dav.example.com/backups", p.Label, err)
	}
	if p.Settings["token"] != "" && p.Settings["user"]+p.Settings["password"] != "" {
		return nil, models.Invalidf("drive %q has both a token and a user or password: keep one of them", p.Label)
	}
	authorities, err := webdavAuthorities(p)
	if err != nil {
		return nil, err
	}
	return &WebDAV{place: p, root: root, client: webdavClient(authorities), silence: cmp.Or(p.Policy.Stall, webdavSilence)}, nil
}

// webdavRoot never returns an error with the address in it: it may hold a password.
func webdavRoot(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(address, "/") + "/")
	switch {
	case err != nil:
		return nil, errors.New("is not an address")
	case (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return nil, errors.New("must begin with https:// or http:// and a host")
	case u.User != nil:
		return nil, errors.New("must not hold a password; there are the settings user and password")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must end with the path of a folder, without ? and #")
	}
	return u, nil
}

func webdavAuthorities(p Place) (*x509.CertPool, error) {
	file := p.Settings["tls_ca"]
	if file == "" {
		return nil, nil // the system's
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, models.Invalidf("drive %q: its tls_ca cannot be read (%v): correct the path", p.Label, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, models.Invalidf("drive %q: its tls_ca %s holds no certificate: name a file in PEM form", p.Label, file)
	}
	return pool, nil
}

// webdavClient follows no redirects, which may lose the content or lead the password
// elsewhere, and speaks HTTP/1.1, where an upload is broken off with its connection.
func webdavClient(authorities *x509.CertPool) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities},
			TLSHandshakeTimeout:   20 * time.Second,
			ExpectContinueTimeout: 2 * time.Second,
			ResponseHeaderTimeout: webdavAssembly,
			IdleConnTimeout:       5 * time.Second,
			MaxIdleConnsPerHost:   8,
			WriteBufferSize:       64 << 10,
			ReadBufferSize:        64 << 10,
			DisableCompression:    true,
			Protocols:             &protocols,
		},
	}
}

// address is where a file is, or a folder when name ends with a slash; "" is the root.
func (d *WebDAV) address(name string) *url.URL {
	segments := strings.Split(name, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	u := *d.root
	u.RawPath = u.EscapedPath() + strings.Join(segments, "/")
	u.Path += name
	return &u
}

// webdavFolder is the name of the folder that a key is in.
func webdavFolder(key string) string {
	folder, _ := path.Split(key)
	return folder
}

func (d *WebDAV) stored(key string, size int64) Stored {
	return Stored{Key: key, Size: size, Path: d.address(key).String()}
}

// Stat describes a copy.
func (d *WebDAV) Stat(ctx context.Context, key string) (Stored, error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	found, err := d.look(ctx, "find "+key, d.address(key))
	if err != nil {
		return Stored{}, err
	}
	if found.folder {
		return Stored{}, models.NotFoundf("drive %q has no copy %s: what has that name is a folder", d.place.Label, key)
	}
	return d.stored(key, found.size), nil
}

// Delete removes a copy. It looks first, for to delete a folder deletes all in it.
func (d *WebDAV) Delete(ctx context.Context, key string) error {
	_, err := d.Stat(ctx, key)
	if err == nil {
		err = d.remove(ctx, key)
	}
	return webdavIgnoreMissing(err)
}

func (d *WebDAV) remove(ctx context.Context, name string) error {
	_, err := d.ask(ctx, "remove "+name, webdavRequest{method: http.MethodDelete, at: d.address(name), replay: true})
	return err
}

func webdavIgnoreMissing(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	return err
}

// List calls fn for every copy below prefix, one folder at a time: many servers
// refuse to list more at once.
func (d *WebDAV) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	folder := webdavFolder(prefix)
	if folder != "" && !fs.ValidPath(strings.TrimSuffix(folder, "/")) {
		return nil // there are no such keys
	}
	return d.list(ctx, folder, prefix, fn)
}

func (d *WebDAV) list(ctx context.Context, folder, prefix string, fn func(Stored) error) error {
	children, err := d.children(ctx, folder)
	if err := webdavIgnoreMissing(err); err != nil {
		return err
	}
	for _, c := range children {
		switch key := folder + c.name; {
		case strings.HasPrefix(c.name, "."):
		case c.folder && (strings.HasPrefix(key, prefix) || strings.HasPrefix(prefix, key)):
			err = d.list(ctx, key, prefix, fn)
		case !c.folder && strings.HasPrefix(key, prefix):
			err = fn(d.stored(key, c.size))
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes what unfinished Puts of key and of its manifest left behind.
func (d *WebDAV) Sweep(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.sweep(ctx, webdavFolder(key), func(e webdavEntry) bool { return isLeftOver(path.Base(key), e.name) })
}

func (d *WebDAV) sweep(ctx context.Context, folder string, dead func(webdavEntry) bool) error {
	children, err := d.children(ctx, folder)
	failures := []error{webdavIgnoreMissing(err)}
	for _, c := range children {
		if !c.folder && dead(c) {
			failures = append(failures, webdavIgnoreMissing(d.remove(ctx, folder+c.name)))
		}
	}
	return errors.Join(failures...)
}

// Check removes what dead checks left, writes a probe, reads it back and removes
// it, and asks for the quota (RFC 4331), which many servers do not tell.
func (d *WebDAV) Check(ctx context.Context) (Report, error) {
	if err := d.makeFolders(ctx, d.root); err != nil {
		return Report{}, err
	}
	err := d.sweep(ctx, "", func(e webdavEntry) bool { return isStaleProbe(e.name, d.place.Installation, e.modified) })
	if err != nil {
		return Report{}, err
	}
	if err := d.probe(ctx); err != nil {
		return Report{}, err
	}
	return d.room(ctx)
}

func (d *WebDAV) probe(ctx context.Context) (err error) {
	name := newProbe(d.place.Installation)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webdavCleanTime)
		defer cancel()
		err = errors.Join(err, webdavIgnoreMissing(d.discard(ctx, name)))
	}()
	request := webdavRequest{method: http.MethodPut, at: d.address(name), body: strings.NewReader(name), length: int64(len(name))}
	if _, err := d.ask(ctx, "write a probe", request); err != nil {
		return err
	}
	r, err := d.get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	back, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err != nil {
		return err
	}
	if string(back) != name {
		return models.Conflictf("drive %q did not give back what was written to it: ask who runs the server", d.place.Label)
	}
	return nil
}

func (d *WebDAV) room(ctx context.Context) (Report, error) {
	found, err := d.propfind(ctx, "ask for the quota", d.root, "0", "<quota-available-bytes/><quota-used-bytes/>")
	report := Report{Free: -1, Total: -1}
	if err != nil || len(found) == 0 || found[0].free < 0 {
		return report, err
	}
	report.Free = found[0].free
	if found[0].used >= 0 {
		report.Total = found[0].free + found[0].used
	}
	return report, nil
}

// discard removes what is not wanted any more, a few times: a server that still
// works on a broken upload has it locked.
func (d *WebDAV) discard(ctx context.Context, name string) error {
	again := Policy{Attempts: 8, First: 100 * time.Millisecond, Most: 2 * time.Second}
	return again.Do(ctx, func(ctx context.Context) error { return d.remove(ctx, name) })
}

// makeFolders makes the folder at u and those above it, as far as they are missing.
func (d *WebDAV) makeFolders(ctx context.Context, u *url.URL) error {
	found, err := d.look(ctx, "find its folder", u)
	switch {
	case err == nil && !found.folder:
		return models.Conflictf("drive %q: %s is a file and not a folder: remove it, or correct the setting url", d.place.Label, u)
	case !errors.Is(err, models.ErrNotFound):
		return err
	}
	status, err := d.makeFolder(ctx, u)
	if above := u.JoinPath("../"); (status == http.StatusConflict || status == http.StatusNotFound) && above.Path != u.Path {
		if err := d.makeFolders(ctx, above); err != nil {
			return err
		}
		status, err = d.makeFolder(ctx, u)
	}
	if status == http.StatusMethodNotAllowed {
		return nil // others have just made it
	}
	return err
}

func (d *WebDAV) makeFolder(ctx context.Context, u *url.URL) (status int, err error) {
	return d.ask(ctx, "make a folder", webdavRequest{method: "MKCOL", at: u})
}

// Open reads a copy. It asks for the length first and not only together with the
// content, so that an answer which was cut short in good form is seen through.
func (d *WebDAV) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return d.get(ctx, key)
}

func (d *WebDAV) get(ctx context.Context, name string) (io.ReadCloser, error) {
	found, err := d.look(ctx, "find "+name, d.address(name))
	if err != nil {
		return nil, err
	}
	if found.folder {
		return nil, models.NotFoundf("drive %q has no copy %s: what has that name is a folder", d.place.Label, name)
	}
	r := &webdavReader{drive: d, name: name, left: found.size}
	if r.body, err = d.download(ctx, name); err != nil {
		return nil, err
	}
	return r, nil
}

func (d *WebDAV) download(ctx context.Context, name string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(d.silence, cancel)
	answer, err := d.send(ctx, webdavRequest{method: http.MethodGet, at: d.address(name), replay: true})
	inTime := late.Stop()
	switch {
	case !inTime && err == nil:
		err = errors.Join(d.fault("read "+name, os.ErrDeadlineExceeded), answer.Body.Close())
	case !inTime:
		err = d.fault("read "+name, os.ErrDeadlineExceeded)
	case err != nil:
		err = d.fault("read "+name, err)
	case answer.StatusCode != http.StatusOK:
		err = errors.Join(d.answered("read "+name, answer), answer.Body.Close())
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &webdavStream{ReadCloser: answer.Body, cancel: cancel}, nil
}

// webdavStream ends its request when it is closed.
type webdavStream struct {
	io.ReadCloser
	cancel func()
}

func (s *webdavStream) Close() error {
	s.cancel()
	return s.ReadCloser.Close()
}

// webdavReader fails when a download is not as long as the server said.
type webdavReader struct {
	drive *WebDAV
	name  string
	body  io.ReadCloser
	left  int64
}

// Read reads on.
func (r *webdavReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.left -= int64(n)
	switch {
	case r.left < 0, err == io.EOF && r.left > 0:
		return n, r.drive.unclear("read "+r.name, fmt.Errorf("%w: it does not have the length that the server tells", io.ErrUnexpectedEOF))
	case err == nil, err == io.EOF:
		return n, err
	}
	return n, r.drive.fault("read "+r.name, err)
}

// Close lets go of the connection.
func (r *webdavReader) Close() error { return r.body.Close() }

// webdavContent is what an upload reads. net/http may read on for a moment after it
// has returned, so each Read is under a lock.
type webdavContent struct {
	guard *Guard
	close func()

	mu   sync.Mutex
	r    io.Reader
	read atomic.Int64
}

func newWebDAVContent(r io.Reader, closing func()) *webdavContent {
	guard := NewGuard(r)
	return &webdavContent{guard: guard, r: guard, close: closing}
}

func (c *webdavContent) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.r.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// head reads as much as is looked at, and reports whether that is all.
func (c *webdavContent) head() (head []byte, all bool, err error) {
	head = make([]byte, webdavHead)
	n, err := io.ReadFull(c.guard, head)
	head = head[:n]
	c.r = io.MultiReader(bytes.NewReader(head), c.guard)
	if c.guard.Err() != nil {
		return nil, false, c.guard.Err()
	}
	return head, err != nil, nil // io.ReadFull says io.EOF in two ways
}

// length reads to the end and returns how long all of it is.
func (c *webdavContent) length() (int64, error) {
	if _, err := io.Copy(io.Discard, struct{ io.Reader }{c}); err != nil {
		return 0, err
	}
	return c.read.Load(), nil
}

// webdavBody is content on its way. One whose length was not told is broken off by
// ending it in good form: its server then answers when it has let go of the file,
// which is never given its final name.
type webdavBody struct {
	ctx      context.Context
	content  *webdavContent
	unsized  bool
	closed   atomic.Bool
	progress func(int64)
	sent     int64
}

func (b *webdavBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := 0, b.ctx.Err()
	if err == nil {
		n, err = b.content.Read(p)
	}
	if b.sent += int64(n); n > 0 && b.progress != nil {
		b.progress(b.sent)
	}
	if err != nil && b.unsized {
		err = io.EOF
	}
	return n, err
}

func (b *webdavBody) Close() error {
	b.closed.Store(true)
	return nil
}

// webdavPut is one Put on its way.
type webdavPut struct {
	drive     *WebDAV
	key, name string
	hint      Hint
	content   *webdavContent
	// small is the whole content, when whole says so.
	small []byte
	whole bool
	// size is how long the content is, -1 while that is not known.
	size int64
	// begun says that something may be under name, moving that the server was asked
	// for the final name, where earlier stood.
	begun, moving bool
	earlier       webdavEntry
}

// errWebDAVUnsized says that a server does not take content whose length it is not told.
var errWebDAVUnsized = errors.New("the server takes only uploads whose length is known beforehand")

// Put sends the content while it grows, in chunks, and moves it to its final name
// when the server has all of it. A server that takes no chunks gets it once more,
// when its length is known. WebDAV has no way to go on within a file: after a break
// the content is sent again, as long as it can be had again.
func (d *WebDAV) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if err := errors.Join(checkKey(key), ctx.Err()); err != nil {
		return Stored{}, err
	}
	name, done := newPartial(key)
	defer done()
	p := &webdavPut{drive: d, key: key, name: name, hint: hint, content: newWebDAVContent(r, func() {}), size: -1}
	defer func() { p.content.close() }()
	err := p.run(ctx)
	if err != nil {
		err = p.settle(ctx, err)
	}
	if err != nil {
		return Stored{}, p.content.guard.Blame(cmp.Or(ctx.Err(), err))
	}
	return d.stored(key, p.size), nil
}

func (p *webdavPut) run(ctx context.Context) (err error) {
	if p.small, p.whole, err = p.content.head(); err != nil {
		return err
	}
	policy, store := p.drive.place.Policy, p.store
	if p.whole || p.hint.Again != nil {
		store = func(ctx context.Context) error { return policy.Do(ctx, p.store) }
	}
	if err := store(ctx); err != nil {
		return err
	}
	return policy.Do(ctx, p.move)
}

// store brings all of the content to the server, under the hidden name.
func (p *webdavPut) store(ctx context.Context) error {
	d := p.drive
	err := d.place.Policy.Do(ctx, func(ctx context.Context) error {
		return d.makeFolders(ctx, d.address(webdavFolder(p.key)))
	})
	if err != nil {
		return err
	}
	sized := p.whole || d.sized.Load()
	err = p.send(ctx, sized)
	if errors.Is(err, errWebDAVUnsized) && !sized && p.hint.Again != nil {
		d.sized.Store(true)
		err = p.send(ctx, true)
	}
	if errors.Is(err, errWebDAVUnsized) {
		return models.Invalidf("drive %q: %v: let it take chunked uploads, or use another drive", d.place.Label, errWebDAVUnsized)
	}
	return err
}

func (p *webdavPut) send(ctx context.Context, sized bool) error {
	body, length, err := p.body(ctx, sized)
	if err != nil {
		return err
	}
	if err := p.upload(ctx, body, length); err != nil {
		return err
	}
	return p.compare(ctx, sized)
}

// body is what is sent next, and its length, -1 when it is not known.
func (p *webdavPut) body(ctx context.Context, sized bool) (*webdavBody, int64, error) {
	if p.whole {
		p.content, p.size = newWebDAVContent(bytes.NewReader(p.small), func() {}), int64(len(p.small))
	} else if err := p.ready(ctx, sized); err != nil {
		return nil, 0, err
	}
	body := &webdavBody{ctx: ctx, content: p.content, unsized: !sized, progress: p.hint.Progress}
	if sized {
		return body, p.size, nil
	}
	return body, -1, nil
}

// ready has the content at its beginning, and its length when that is wanted.
func (p *webdavPut) ready(ctx context.Context, sized bool) (err error) {
	if sized && p.hint.Again == nil {
		return errWebDAVUnsized
	}
	if sized && p.size < 0 {
		if p.size, err = p.content.length(); err != nil {
			return err
		}
	}
	if p.content.read.Load() == 0 {
		return nil
	}
	r, err := p.hint.Again(ctx, 0)
	if err != nil {
		return &SourceError{Cause: fmt.Errorf("read the content again: %w", err)}
	}
	p.content.close()
	p.content = newWebDAVContent(r, func() { _ = r.Close() })
	return nil
}

// upload sends a body once. The request outlives ctx by a moment, so that it can end
// in good form.
func (p *webdavPut) upload(ctx context.Context, body *webdavBody, length int64) error {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(webdavGrace, cancel) })
	defer stop()
	p.begun = true
	status, err := p.drive.put(lasting, p.key, webdavRequest{method: http.MethodPut, at: p.drive.address(p.name), body: body, length: length})
	_ = body.Close() // what net/http still reads is not sent
	if own := p.content.guard.Err(); own != nil {
		return &SourceError{Cause: own}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if length < 0 && (status == http.StatusLengthRequired || status == http.StatusNotImplemented) {
		return errWebDAVUnsized
	}
	if status == http.StatusNotFound {
		return p.drive.unclear("store "+p.key, errors.New("its folder was removed a moment ago"))
	}
	return err
}

// compare looks whether the server has as much as was sent.
func (p *webdavPut) compare(ctx context.Context, sized bool) error {
	d := p.drive
	if !sized {
		p.size = p.content.read.Load()
	}
	var found webdavEntry
	err := d.place.Policy.Do(ctx, func(ctx context.Context) (err error) {
		found, err = d.look(ctx, "look at an unfinished copy", d.address(p.name))
		return err
	})
	switch {
	case errors.Is(err, models.ErrNotFound):
		return d.unclear("store "+p.key, errors.New("the server said that it took the copy, and does not have it"))
	case err != nil:
		return err
	case found.size == p.size:
		return nil
	case !sized && p.hint.Again != nil:
		return errWebDAVUnsized
	}
	return &PassingError{Cause: models.Conflictf("drive %q: the server holds %d bytes of %s, and %d were sent: try again, and ask who runs it if it happens again",
		d.place.Label, found.size, p.key, p.size)}
}

// move publishes. It looks first, for to move onto a folder removes all in it.
func (p *webdavPut) move(ctx context.Context) error {
	d := p.drive
	final, err := d.look(ctx, "find "+p.key, d.address(p.key))
	if err := webdavIgnoreMissing(err); err != nil {
		return err
	}
	if final.folder {
		return models.Conflictf("drive %q cannot store %s: there is a folder of that name", d.place.Label, p.key)
	}
	if p.moving {
		return p.moveAgain(ctx)
	}
	p.moving, p.earlier = true, final
	return p.rename(ctx)
}

// moveAgain goes on after a move without a clear answer. It does not ask for another
// when that one was done: some servers remove what has the final name before they
// find that nothing has the hidden one.
func (p *webdavPut) moveAgain(ctx context.Context) error {
	d := p.drive
	_, err := d.look(ctx, "look at an unfinished copy", d.address(p.name))
	switch {
	case err == nil:
		return p.rename(ctx)
	case !errors.Is(err, models.ErrNotFound):
		return err
	case p.published(ctx):
		return nil
	}
	return p.vanished()
}

func (p *webdavPut) vanished() error {
	return models.Conflictf("drive %q: another program removed %s before it was finished: find out which, and try again", p.drive.place.Label, p.name)
}

// rename asks for the final name, by its whole address, or only by its path where the
// server knows itself by another address.
func (p *webdavPut) rename(ctx context.Context) error {
	d := p.drive
	to, byPath := d.address(p.key), d.byPath.Load()
	destination := to.String()
	if byPath {
		destination = to.EscapedPath()
	}
	status, err := d.ask(ctx, "name a finished copy", webdavRequest{method: "MOVE", at: d.address(p.name),
		header: http.Header{"Destination": {destination}, "Overwrite": {"T"}}})
	if status == http.StatusBadGateway {
		d.byPath.Store(!byPath)
	}
	if errors.Is(err, models.ErrNotFound) {
		return p.vanished()
	}
	return err
}

// published reports whether a move whose answer was lost has been done: under the final
// name is a copy of the right length, which is not the one that was there before.
func (p *webdavPut) published(ctx context.Context) bool {
	final, err := p.drive.look(ctx, "find "+p.key, p.drive.address(p.key))
	return err == nil && !final.folder && final.size == p.size && (p.earlier.at == "" || final.tag != p.earlier.tag)
}

// settle clears up after a failed Put. When the server cannot be reached the
// unfinished copy stays for Sweep. When it is found that the copy was published, and
// only the answer lost, that is no failure.
func (p *webdavPut) settle(ctx context.Context, because error) error {
	if !p.begun {
		return because
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webdavCleanTime)
	defer cancel()
	err := p.drive.discard(ctx, p.name) // why it was needed is what is told
	if p.moving && errors.Is(err, models.ErrNotFound) && p.published(ctx) {
		return nil
	}
	return because
}

// webdavRequest is one request.
type webdavRequest struct {
	method string
	at     *url.URL
	header http.Header
	body   io.Reader
	// length is that of body in bytes, -1 when it is not known.
	length int64
	// replay says that it does no harm to send it twice.
	replay bool
}

// send signs a request and sends it. It returns whatever the server answers.
func (d *WebDAV) send(ctx context.Context, q webdavRequest) (*http.Response, error) {
	if q.length == 0 {
		q.body = http.NoBody
	}
	request, err := http.NewRequestWithContext(ctx, q.method, q.at.String(), q.body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = q.length
	request.Header.Set("User-Agent", "backupman")
	request.Header.Set("Accept-Encoding", "identity")
	for name, values := range q.header {
		request.Header[name] = values
	}
	if q.replay {
		request.Header["Idempotency-Key"] = nil // says that to net/http, and is not sent
	}
	s := d.place.Settings
	switch {
	case s["token"] != "":
		request.Header.Set("Authorization", "Bearer "+s["token"])
	case s["user"]+s["password"] != "":
		request.SetBasicAuth(s["user"], s["password"])
	}
	return d.client.Do(request)
}

// ask sends a request that brings little content, and wants it done.
func (d *WebDAV) ask(ctx context.Context, doing string, q webdavRequest) (status int, err error) {
	limit := d.silence
	if q.method == "MOVE" {
		limit = webdavAssembly
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := d.send(ctx, q)
	if err != nil {
		return 0, d.fault(doing, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, d.done(doing, answer)
}

// put sends content of any length. The server is asked first whether it wants it.
func (d *WebDAV) put(ctx context.Context, key string, q webdavRequest) (status int, err error) {
	if q.length < 0 || q.length > webdavHead {
		q.header = http.Header{"Expect": {"100-continue"}}
	}
	answer, err := d.send(ctx, q)
	if err != nil {
		return 0, d.fault("store "+key, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, d.done("store "+key, answer)
}

// done returns the fault that an answer tells of, in its status or, beside a good
// one, in its body.
func (d *WebDAV) done(doing string, answer *http.Response) error {
	if answer.StatusCode == http.StatusMultiStatus {
		return d.partly(doing, answer)
	}
	if answer.StatusCode/100 != 2 {
		return d.answered(doing, answer)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return d.fault(doing, err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for token, err := decoder.Token(); err == nil; token, err = decoder.Token() {
		if start, ok := token.(xml.StartElement); ok {
			if strings.EqualFold(start.Name.Local, "error") {
				return d.unclear(doing, errors.New("the server says both that it is done and that there was an error"))
			}
			break
		}
	}
	return nil
}

// partly returns the first fault of an answer that tells how it went for each of
// several files. A request about one file has such an answer only when it failed.
func (d *WebDAV) partly(doing string, answer *http.Response) error {
	status := 0
	err := webdavParse(answer.Body, func(r webdavResponse) {
		if s := webdavStatus(r.Status); status == 0 && s/100 != 2 {
			status = s
		}
	})
	if err != nil || status == 0 {
		return d.unclear(doing, errors.New("the server does not say how it went"))
	}
	answer.StatusCode = status
	return d.answered(doing, answer)
}

// webdavResponse is what an answer says of one file (RFC 4918, section 14.24).
type webdavResponse struct {
	Href      string `xml:"DAV: href"`
	Status    string `xml:"DAV: status"`
	Propstats []struct {
		Status string     `xml:"DAV: status"`
		Prop   webdavProp `xml:"DAV: prop"`
	} `xml:"DAV: propstat"`
}

type webdavProp struct {
	Length   string `xml:"DAV: getcontentlength"`
	Tag      string `xml:"DAV: getetag"`
	Modified string `xml:"DAV: getlastmodified"`
	Free     string `xml:"DAV: quota-available-bytes"`
	Used     string `xml:"DAV: quota-used-bytes"`
	Type     struct {
		Collection *struct{} `xml:"DAV: collection"`
	} `xml:"DAV: resourcetype"`
}

// webdavParse calls each for every response of a multistatus, and returns an error
// when that is not whole.
func webdavParse(r io.Reader, each func(webdavResponse)) error {
	decoder, begun := xml.NewDecoder(r), false
	for {
		token, err := decoder.Token()
		if err == io.EOF && begun { //nolint:errorlint // the decoder returns it bare after the end of the document
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case start.Name == xml.Name{Space: "DAV:", Local: "multistatus"}:
			begun = true
		case !begun:
			return fmt.Errorf("it begins with <%s>", start.Name.Local)
		default:
			var one webdavResponse
			if err := decoder.DecodeElement(&one, &start); err != nil {
				return err
			}
			if start.Name.Local == "response" {
				each(one)
			}
		}
	}
}

// webdavStatus is the number in "HTTP/1.1 200 OK"; 0 where there is none.
func webdavStatus(line string) int {
	_, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	number, _, _ := strings.Cut(rest, " ")
	status, _ := strconv.Atoi(number)
	return status
}

// webdavEntry is one file or folder.
type webdavEntry struct {
	// at is its path on the server, without percent code and slash at its end. The
	// name of a folder has one.
	at, name string
	folder   bool
	// size, free and used are -1 where the server does not tell.
	size, free, used int64
	modified         time.Time
	// tag is another one when the content is, where the server tells one.
	tag string
	// status is its own where that is not a success.
	status int
}

func webdavEntryOf(r webdavResponse) webdavEntry {
	at := r.Href
	if u, err := url.Parse(strings.TrimSpace(r.Href)); err == nil {
		at = u.Path
	}
	e := webdavEntry{at: path.Clean("/" + at), size: -1, free: -1, used: -1}
	if s := webdavStatus(r.Status); s != 0 && s/100 != 2 {
		e.status = s
	}
	for _, p := range r.Propstats {
		if webdavStatus(p.Status)/100 == 2 {
			e.take(p.Prop)
		}
	}
	if e.name = path.Base(e.at); e.folder {
		e.name += "/"
	}
	return e
}

func (e *webdavEntry) take(p webdavProp) {
	number := func(text string, into *int64) {
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
			*into = n
		}
	}
	number(p.Length, &e.size)
	number(p.Free, &e.free)
	number(p.Used, &e.used)
	e.tag += p.Tag + p.Modified
	e.folder = e.folder || p.Type.Collection != nil
	if t, err := http.ParseTime(strings.TrimSpace(p.Modified)); err == nil {
		e.modified = t
	}
}

const webdavProps = "<resourcetype/><getcontentlength/><getlastmodified/><getetag/>"

// propfind asks for properties of what is at u, and with a depth of "1" of what is
// in it.
func (d *WebDAV) propfind(ctx context.Context, doing string, u *url.URL, depth, props string) ([]webdavEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, d.silence)
	defer cancel()
	body := `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>` + props + `</prop></propfind>`
	answer, err := d.send(ctx, webdavRequest{method: "PROPFIND", at: u, body: strings.NewReader(body), length: int64(len(body)), replay: true,
		header: http.Header{"Depth": {depth}, "Content-Type": {"application/xml; charset=utf-8"}}})
	if err != nil {
		return nil, d.fault(doing, err)
	}
	defer answer.Body.Close()
	switch {
	case webdavSlashAdded(u, answer):
		return []webdavEntry{{folder: true}}, nil
	case answer.StatusCode/100 == 2 && answer.StatusCode != http.StatusMultiStatus:
		return nil, d.unclear(doing, errors.New("the answer is not one of WebDAV"))
	case answer.StatusCode != http.StatusMultiStatus:
		return nil, d.answered(doing, answer)
	}
	var found []webdavEntry
	if err := webdavParse(answer.Body, func(r webdavResponse) { found = append(found, webdavEntryOf(r)) }); err != nil {
		return nil, d.unclear(doing, err)
	}
	return found, nil
}

// webdavSlashAdded reports whether a server says that what was taken for a file is a
// folder.
func webdavSlashAdded(u *url.URL, answer *http.Response) bool {
	to, err := answer.Location()
	return answer.StatusCode/100 == 3 && err == nil && to.Path == u.Path+"/"
}

// look describes what is at u, or returns models.ErrNotFound.
func (d *WebDAV) look(ctx context.Context, doing string, u *url.URL) (webdavEntry, error) {
	found, err := d.propfind(ctx, doing, u, "0", webdavProps)
	switch {
	case err != nil:
		return webdavEntry{}, err
	case len(found) == 0:
		return webdavEntry{}, d.unclear(doing, errors.New("the answer is empty"))
	case found[0].status != 0:
		return webdavEntry{}, d.answered(doing, &http.Response{StatusCode: found[0].status})
	case !found[0].folder && found[0].size < 0:
		return webdavEntry{}, d.unclear(doing, errors.New("the server does not tell how long it is"))
	}
	return found[0], nil
}

// children lists what is in a folder, in the order that keys below have. Addresses in
// the answer are compared among themselves only: behind some proxies they are others
// than the one that was asked.
func (d *WebDAV) children(ctx context.Context, folder string) ([]webdavEntry, error) {
	found, err := d.propfind(ctx, "list its folder", d.address(folder), "1", webdavProps)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	self := slices.MinFunc(found, func(a, b webdavEntry) int { return len(a.at) - len(b.at) }).at
	found = slices.DeleteFunc(found, func(e webdavEntry) bool {
		return e.at == self || path.Dir(e.at) != self || e.status != 0 || (!e.folder && e.size < 0)
	})
	slices.SortFunc(found, func(a, b webdavEntry) int { return strings.Compare(a.name, b.name) })
	return found, nil
}

// unclear is the fault of an answer that says neither yes nor no.
func (d *WebDAV) unclear(doing string, err error) error {
	return &PassingError{Cause: fmt.Errorf("drive %q could not %s: %w", d.place.Label, doing, err)}
}

// fault puts an error that came in the place of an answer into words that name the
// drive.
func (d *WebDAV) fault(doing string, err error) error {
	var content *SourceError
	var address *url.Error
	if errors.As(err, &content) || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.As(err, &address) {
		err = address.Err
	}
	if sentence := webdavUnverified(err); sentence != "" {
		return models.Invalidf("drive %q could not %s: %s", d.place.Label, doing, sentence)
	}
	return d.unclear(doing, err)
}

// webdavUnverified tells of connections that trying again does not mend.
func webdavUnverified(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "nobody known vouches for the certificate of its server: set tls_ca to the file of the authority"
	case errors.As(err, &host), errors.As(err, &invalid):
		return "the certificate of its server is not valid for that name or time: correct the setting url, or the certificate"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "its server does not speak TLS: write http:// in the setting url"
	}
	return ""
}

// answered puts an answer that is no success into words.
func (d *WebDAV) answered(doing string, answer *http.Response) error {
	label, said := d.place.Label, webdavSaid(answer.StatusCode)
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound, status == http.StatusGone:
		return models.NotFoundf("drive %q could not %s: it is not there in %s", label, doing, d.root)
	case status == http.StatusInsufficientStorage:
		return models.NoSpacef("drive %q is full: delete old copies from %s, or raise its quota", label, d.root)
	case status == http.StatusUnauthorized:
		return d.unauthorized(answer)
	case status == http.StatusForbidden:
		return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf("drive %q may not %s (%s): let its user write in %s", label, doing, said, d.root)}
	case webdavPassing(status):
		return &PassingError{After: webdavAfter(answer.Header.Get("Retry-After")), Cause: fmt.Errorf("drive %q could not %s: the server answered %s", label, doing, said)}
	case status/100 == 3:
		return models.Invalidf("drive %q could not %s: its server sends on to another address: set url to the one it has%s", label, doing, webdavMoved(answer))
	case status == http.StatusRequestEntityTooLarge:
		return models.Invalidf("drive %q could not %s: its server takes no files of that length: raise its limit, or that of the proxy before it", label, doing)
	case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		return models.Invalidf("drive %q could not %s (%s): there is no WebDAV folder at %s: correct the setting url", label, doing, said, d.root)
	}
	return fmt.Errorf("drive %q could not %s: the server answered %s", label, doing, said)
}

func webdavSaid(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

func (d *WebDAV) unauthorized(answer *http.Response) error {
	sentence := "its user or password is refused: correct user and password"
	offered := strings.ToLower(strings.Join(answer.Header.Values("WWW-Authenticate"), ","))
	switch s := d.place.Settings; {
	case s["token"] != "":
		sentence = "its token is refused: set a new one"
	case s["user"]+s["password"] == "":
		sentence = "its server wants to know who signs in: set user and password, or token"
	case strings.Contains(offered, "digest") && !strings.Contains(offered, "basic"):
		sentence = "its server asks for a digest of the password, which this version cannot give: let it take Basic authentication over https"
	}
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf("drive %q: %s", d.place.Label, sentence)}
}

// webdavPassing reports whether a status says that the server is busy or broken. A
// conflict is a folder that was removed a moment ago.
func webdavPassing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusLocked, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	}
	return status >= 500
}

// webdavAfter is how long a server asks to wait, in seconds or until a time.
func webdavAfter(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// webdavMoved names the host and path that a server sends on to, without what may be
// secret in it.
func webdavMoved(answer *http.Response) string {
	to, err := answer.Location()
	if err != nil {
		return ""
	}
	return ", which begins with " + (&url.URL{Scheme: to.Scheme, Host: to.Host}).String()
}
