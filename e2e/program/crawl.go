package program

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Crawl opens every address that links lead to from the first ones, and returns what each
// said. One that answers with an error of the server's own fails the test.
func (p *Person) Crawl(t testing.TB, first ...string) map[string]Answer {
	t.Helper()
	seen := map[string]Answer{}
	for queue := first; len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		if _, was := seen[path]; was {
			continue
		}
		answer := p.Get(t, path)
		seen[path] = answer
		if answer.Status >= 500 {
			t.Errorf("GET %s answered %d: %s", path, answer.Status, answer.Body)
		}
		if answer.Location != "" {
			queue = append(queue, local(p.URL, path, answer.Location)...)
		}
		if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			queue = append(queue, links(p.URL, path, answer.Body)...)
		}
	}
	return seen
}

// links returns the addresses on the server that a page leads to, those that htmx asks
// by itself included.
func links(server, page string, body []byte) []string {
	var out []string
	tokens := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, a := range tokens.Token().Attr {
				if a.Key == "href" || a.Key == "src" || a.Key == "hx-get" {
					out = append(out, local(server, page, a.Val)...)
				}
			}
		}
	}
}

// local returns an address without its fragment when it is on the server.
func local(server, page, link string) []string {
	base, err := url.Parse(server + page)
	if err != nil {
		return nil
	}
	u, err := base.Parse(link)
	if err != nil || u.Scheme+"://"+u.Host != server {
		return nil
	}
	return []string{u.RequestURI()}
}
