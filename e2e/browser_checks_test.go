package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/backupman/backupman/e2e/needs"
)

// axe is the program that looks for barriers in a page, which npm brings.
var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join("..", "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
})

// violation is what axe found wrong, and where.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

// barriers fails for whatever axe finds on the page that is open. Rules narrow it to some
// of axe's rules; none is all of them.
func (b *browser) barriers(where string, rules ...string) {
	b.t.Helper()
	program, err := axe()
	if err != nil {
		needs.Missing(b.t, "axe-core is not installed: run npm ci")
	}
	if !evaluate[bool](b, `'axe' in window`) {
		evaluate[bool](b, program+"\n;true") // the policy of the page holds for what the page loads, not for a debugger
	}
	options := `{resultTypes: ['violations']}`
	if len(rules) > 0 {
		options = fmt.Sprintf(`{resultTypes: ['violations'], runOnly: {type: 'rule', values: ['%s']}}`, strings.Join(rules, "','"))
	}
	b.faded()
	found := run(b, chromedp.Evaluate[[]violation](`axe.run(document, `+options+`).then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	for _, v := range found {
		var places []string
		for i, n := range v.Nodes {
			if i == 3 {
				places = append(places, fmt.Sprintf("and %d more", len(v.Nodes)-3))
				break
			}
			places = append(places, n.HTML+"\n      "+strings.ReplaceAll(n.FailureSummary, "\n", "\n      "))
		}
		b.t.Errorf("%s: %s (%s)\n    %s", where, v.Help, v.ID, strings.Join(places, "\n    "))
	}
}

// steady opens a page and fails when something on it moves after it was drawn. What the page
// does itself it does each time; what moves only once does so because a busy machine has drawn
// the page before all of it was there.
func (b *browser) steady(where string, open func()) {
	b.t.Helper()
	var moved []string
	for range 4 {
		open()
		if moved = b.moved(); len(moved) == 0 {
			return
		}
	}
	b.t.Errorf("%s: the page moves while it is drawn: %s", where, strings.Join(moved, "; "))
}

// moved says what has moved on the page that is open.
func (b *browser) moved() []string {
	b.t.Helper()
	// A table whose rows arrive one after the other makes its columns a little wider.
	const little = 0.01
	return run(b, chromedp.Evaluate[[]string](`new Promise(done => {
		const moved = [];
		new PerformanceObserver(list => {
			for (const e of list.getEntries()) if (!e.hadRecentInput && e.value > `+fmt.Sprint(little)+`) moved.push(e.value.toFixed(4) + ' ' + e.sources.map(s => s.node?.outerHTML?.slice(0, 120) ?? s.node?.textContent).join(' | '));
		}).observe({type: 'layout-shift', buffered: true});
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(moved))));
	})`, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
}

// stayAt notes whatever is asked of another host than a server's as a fault.
func (b *browser) stayAt(server string) {
	b.t.Helper()
	own, err := url.Parse(server)
	if err != nil {
		b.t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	if err := chromedp.Listen(b.ctx, func(event any) {
		sent, ok := event.(*network.EventRequestWillBeSent)
		if !ok || strings.HasPrefix(sent.Request.URL, "data:") {
			return
		}
		if u, err := url.Parse(sent.Request.URL); err != nil || u.Host != own.Host {
			b.fault("a request to " + sent.Request.URL)
		}
	}); err != nil {
		b.t.Fatal(err)
	}
}

// focusable goes through a page by Tab alone, and fails where that does not show where
// one is, or where it is caught. It returns how many places it came by.
func (b *browser) focusable(where string) int {
	b.t.Helper()
	seen := map[string]bool{}
	for range 200 {
		b.press("\t")
		at := evaluate[string](b, `(e => {
			if (!e || e === document.body) return '';
			if (!e.hasAttribute('data-e2e')) e.setAttribute('data-e2e', String(document.querySelectorAll('[data-e2e]').length));
			const shown = [e, e.closest('label')].filter(Boolean).some(n => { const s = getComputedStyle(n); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1 || s.boxShadow !== 'none'; });
			const box = e.getBoundingClientRect();
			const seen = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
			return e.getAttribute('data-e2e') + (shown ? '' : ' without a sign') + (seen ? '' : ' out of sight') + ' ' + e.outerHTML.slice(0, 150);
		})(document.activeElement)`)
		if at == "" || seen[at] {
			break
		}
		seen[at] = true
		if strings.Contains(at, " without a sign ") || strings.Contains(at, " out of sight ") {
			b.t.Errorf("%s: the focus cannot be seen: %s", where, at)
		}
	}
	return len(seen)
}

// lacksAxe leaves a test out early where axe is missing.
func lacksAxe(t *testing.T) {
	t.Helper()
	if _, err := axe(); err != nil {
		needs.Missing(t, "axe-core is not installed: run npm ci")
	}
}
