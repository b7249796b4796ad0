package drive

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/backupman/backupman/models"
)

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
		left := webdavIgnoreMissing(d.discard(ctx, name))
		err = cmp.Or(err, left)
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
