package drive

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

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
		return nil, d.unclear(doing, "the answer is not one of WebDAV")
	case answer.StatusCode != http.StatusMultiStatus:
		return nil, d.answered(doing, answer)
	}
	var found []webdavEntry
	if err := webdavParse(answer.Body, func(r webdavResponse) { found = append(found, webdavEntryOf(r)) }); err != nil {
		return nil, d.unclear(doing, "the answer is cut short, or not one of WebDAV")
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
		return webdavEntry{}, d.unclear(doing, "the answer is empty")
	case found[0].status != 0:
		return webdavEntry{}, d.answered(doing, &http.Response{StatusCode: found[0].status})
	case !found[0].folder && found[0].size < 0:
		return webdavEntry{}, d.unclear(doing, "the server does not tell how long it is")
	}
	return found[0], nil
}
