package web

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestEveryPageWorksWithoutAScript opens every page and wants whatever htmx sends or asks
// for to be a form or a link as well. Only what looks again by itself, and what checks a
// form before it is sent, may be left out.
func TestEveryPageWorksWithoutAScript(t *testing.T) {
	r := newRealSite(t)
	var o Options
	newSite(t, withAccounts(newAccounts()), func(given *Options) { o = *given })
	pages, forms := 0, 0
	for _, row := range newServer(o).routes() {
		if row.Method != http.MethodGet || row.program() {
			continue
		}
		for _, path := range r.crawled(row) {
			w := r.get(t, path, "Cookie", "backupman="+r.owner)
			if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				continue
			}
			pages++
			for n := range parse(t, w).root.Descendants() {
				if has(n, "hx-post", "") {
					forms++
				}
				if why := scripted(n); why != "" {
					t.Errorf("%s: <%s id=%q> %s", path, n.Data, attribute(n, "id"), why)
				}
			}
		}
	}
	if pages < 20 || forms < 5 {
		t.Errorf("only %d pages with %d forms were looked at", pages, forms)
	}
}

// scripted says what of an element only a script can use; nothing where all works without.
func scripted(n *html.Node) string {
	trigger := attribute(n, "hx-trigger")
	if strings.HasPrefix(trigger, "every ") {
		return ""
	}
	form := n
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if to := attribute(n, "hx-post"); to != "" {
		switch {
		case form == nil || !strings.EqualFold(attribute(form, "method"), http.MethodPost):
			return "is sent by a script alone"
		case strings.HasPrefix(trigger, "change"):
			return "" // a form that is looked at while it is filled in
		case n.Data == "button" && attribute(n, "formaction") == to || attribute(form, "action") == to:
			return ""
		}
		return "is sent elsewhere without a script"
	}
	if to := attribute(n, "hx-get"); to != "" {
		if n.Data == "a" && attribute(n, "href") == to || form != nil && attribute(form, "action") == to {
			return ""
		}
		return "is asked for by a script alone"
	}
	if n.Data == "form" && attribute(n, "action") == "" && strings.EqualFold(attribute(n, "method"), http.MethodPost) {
		return "is sent nowhere"
	}
	if n.Data == "button" && attribute(n, "type") == "button" && !has(n, "popovertarget", "") && !strings.Contains(attribute(n, "class"), "needs-script") {
		return "does nothing without a script, and is shown"
	}
	return ""
}
