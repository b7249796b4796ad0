package drive

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
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
		{Name: "url", Decides: models.DecidesReceiver | models.DecidesPlace, Label: "Address", Type: models.SettingText, Required: true,
			Help: "Address of the folder that keeps the copies, with https:// before it; the folder is made when it is missing. With http://, whoever is on the way can read the password and the copies."},
		{Name: "user", Decides: models.DecidesPlace, Label: "User", Type: models.SettingText,
			Help: "Name to sign in with; empty when a token is used."},
		{Name: "password", Decides: models.DecidesHow, Label: "Password", Type: models.SettingText, Secret: true,
			Help: "Password of the user; where the service offers app passwords, make one for this."},
		{Name: "token", Decides: models.DecidesHow, Label: "Token", Type: models.SettingText, Secret: true,
			Help: "Bearer token to sign in with instead of a user and a password."},
		{Name: "tls_ca", Decides: models.DecidesReceiver, Label: "Certificate authority", Type: models.SettingPath, Advanced: true,
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
	authorities, err := certificates(p.Settings["tls_ca"])
	if err != nil {
		return nil, models.Invalidf("drive %q: %v", p.Label, err)
	}
	return &WebDAV{place: p, root: root, client: webdavClient(p.Outgoing, authorities), silence: cmp.Or(p.Policy.Stall, webdavSilence)}, nil
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

// discard removes what is not wanted any more, a few times: a server that still
// works on a broken upload has it locked.
func (d *WebDAV) discard(ctx context.Context, name string) error {
	again := Policy{Attempts: 8, First: 100 * time.Millisecond, Most: 2 * time.Second}
	return again.Do(ctx, func(ctx context.Context) error { return d.remove(ctx, name) })
}
