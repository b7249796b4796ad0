package drive

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

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
