package drive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/backupman/backupman/models"
)

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
	p.content.rest(ctx)
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
		return p.drive.unclear("store "+p.key, "its folder was removed a moment ago")
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
		return d.unclear("store "+p.key, "the server said that it took the copy, and does not have it")
	case err != nil:
		return err
	case found.size == p.size:
		return nil
	case !sized && (p.hint.Again != nil || found.size == 0):
		return errWebDAVUnsized
	}
	return &PassingError{Cause: models.Conflictf("drive %q: the server holds %d bytes of %s, and %d were sent: try again, and ask who runs it if it happens again",
		d.place.Label, found.size, p.key, p.size)}
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
