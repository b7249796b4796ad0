package drive

import (
	"context"
	"errors"
	"net/http"

	"github.com/backupman/backupman/models"
)

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

// rename asks for the final name, by its whole address or only by its path: behind a
// proxy a server may know itself by another address, and says so in one of two ways.
// What has one of them in the end is asked for in the same way from then on.
func (p *webdavPut) rename(ctx context.Context) error {
	d := p.drive
	byPath := d.byPath.Load()
	status, err := p.renameTo(ctx, byPath)
	if status == http.StatusBadGateway || status == http.StatusBadRequest {
		// A gateway may say that of a move which was done behind it.
		if _, gone := d.look(ctx, "look at an unfinished copy", d.address(p.name)); gone != nil {
			return err
		}
		_, second := p.renameTo(ctx, !byPath)
		if second == nil {
			d.byPath.Store(!byPath)
		}
		if second == nil || Passing(second) {
			err = second
		}
	}
	if errors.Is(err, models.ErrNotFound) {
		return p.vanished()
	}
	return err
}

func (p *webdavPut) renameTo(ctx context.Context, byPath bool) (status int, err error) {
	d := p.drive
	to := d.address(p.key)
	destination := to.String()
	if byPath {
		destination = to.EscapedPath()
	}
	return d.ask(ctx, "name a finished copy", webdavRequest{method: "MOVE", at: d.address(p.name),
		header: http.Header{"Destination": {destination}, "Overwrite": {"T"}}})
}

// published reports whether a move whose answer was lost has been done: under the final
// name is a copy of the right length, which is not the one that was there before.
func (p *webdavPut) published(ctx context.Context) bool {
	final, err := p.drive.look(ctx, "find "+p.key, p.drive.address(p.key))
	return err == nil && !final.folder && final.size == p.size && (p.earlier.at == "" || final.tag != p.earlier.tag)
}
