package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// walk goes through pages as somebody without scripts does, and counts what that takes.
type walk struct {
	*site
	t       *testing.T
	headers []string
	// at is the address of the page that is seen.
	at   string
	page document
	// status is that of the page.
	status int
	// clicks are links and buttons, fields those that were filled in, of which some are
	// credentials.
	clicks, fields int
	// typed is what was filled in to the page that is seen, by the names of its fields.
	typed url.Values
}

func (s *site) walk(t *testing.T, path string, headers ...string) *walk {
	t.Helper()
	w := &walk{site: s, t: t, headers: headers}
	w.open(http.MethodGet, path, "")
	return w
}

// open goes to an address, and on to where that leads.
func (w *walk) open(method, path, body string) {
	w.t.Helper()
	headers := w.headers
	if body != "" {
		headers = append(headers[:len(headers):len(headers)], "Content-Type", "application/x-www-form-urlencoded")
	}
	path, _, _ = strings.Cut(path, "#")
	answer := w.ask(w.t, method, path, body, headers...)
	for answer.Code == http.StatusSeeOther {
		path, _, _ = strings.Cut(answer.Header().Get("Location"), "#")
		answer = w.get(w.t, path, w.headers...)
	}
	w.at, w.status, w.typed = path, answer.Code, url.Values{}
	w.page = parse(w.t, answer)
}

// says asserts that the page has words.
func (w *walk) says(want ...string) *walk {
	w.t.Helper()
	got := words(w.page.one(w.t, "main", "", ""))
	for _, part := range want {
		if !strings.Contains(got, part) {
			w.t.Errorf("%s lacks %q and says %s", w.at, part, got)
		}
	}
	return w
}

// follow clicks a link that leads to an address.
func (w *walk) follow(href string) *walk {
	w.t.Helper()
	w.page.one(w.t, "a", "href", href)
	w.clicks++
	w.open(http.MethodGet, href, "")
	return w
}

// fill fills fields in, given as names and values.
func (w *walk) fill(pairs ...string) *walk {
	w.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if len(w.page.all("", "name", pairs[i])) == 0 {
			w.t.Fatalf("%s has no field %s", w.at, pairs[i])
		}
		w.typed.Set(pairs[i], pairs[i+1])
		w.fields++
	}
	return w
}

// press presses the button of a form that has a value, or begins with words.
func (w *walk) press(button string) *walk {
	w.t.Helper()
	for _, b := range w.page.all("button", "type", "submit") {
		if attribute(b, "value") != button && !strings.HasPrefix(words(b), button) {
			continue
		}
		f := b.Parent
		for f != nil && f.Data != "form" {
			f = f.Parent
		}
		values := formValues(f)
		if name := attribute(b, "name"); name != "" {
			values.Set(name, attribute(b, "value"))
		}
		for name := range w.typed {
			values[name] = w.typed[name]
		}
		w.clicks++
		w.open(http.MethodPost, attribute(f, "action"), values.Encode())
		return w
	}
	w.t.Fatalf("%s has no button %s", w.at, button)
	return w
}

// formValues is what a browser sends of a form that nobody touched.
func formValues(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		if name == "" {
			continue
		}
		switch kind := attribute(n, "type"); {
		case n.Data == "input" && (kind == "checkbox" || kind == "radio"):
			if has(n, "checked", "") {
				values.Add(name, attribute(n, "value"))
			}
		case n.Data == "input":
			values.Add(name, attribute(n, "value"))
		case n.Data == "textarea":
			values.Add(name, words(n))
		case n.Data == "select":
			values.Add(name, selected(n))
		}
	}
	return values
}

func selected(choice *html.Node) string {
	first, value := true, ""
	for o := range choice.Descendants() {
		if o.Data == "option" && (first || has(o, "selected", "")) {
			first, value = false, attribute(o, "value")
		}
	}
	return value
}

// value is what a field of the page is filled with.
func (w *walk) value(name string) string {
	w.t.Helper()
	return attribute(w.page.one(w.t, "input", "name", name), "value")
}
