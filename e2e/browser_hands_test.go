package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/backupman/backupman/e2e/program"
)

// What a person does with a page, in a way that does not depend on how fast the machine is.
// Every step first waits until the page is still: a page that is only half there has no
// scripts yet, and what htmx has just put in is not connected yet.

// still is whether all of the page is there, and nothing is being put into it.
const still = `(document.readyState === 'complete' && !document.querySelector('.htmx-added, .htmx-settling, .htmx-swapping'))`

// quoted writes a text down in the page's own language.
func quoted(text string) string {
	literal, _ := json.Marshal(text) // a text can always be written
	return string(literal)
}

// open opens an address. The browser gives up a page when the machine's network changes,
// as it does where containers come and go, and opens it at the second attempt.
func (b *browser) open(url string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	var err error
	for range 5 {
		if err = chromedp.Do(ctx, chromedp.Navigate(url)); err == nil || !strings.Contains(err.Error(), "ERR_NETWORK_CHANGED") {
			break
		}
		b.leaveAside("ERR_NETWORK_CHANGED")
	}
	if err != nil {
		b.t.Fatalf("open %s: %v; %s", url, err, b.shown())
	}
	b.until(url+" is there", still)
}

// wait waits until something on the page matches, and the page is still.
func (b *browser) wait(selector string) {
	b.t.Helper()
	b.until(selector+" is on the page", still+` && !!document.querySelector(`+quoted(selector)+`)`)
}

// until waits until a condition in the page's own language holds.
func (b *browser) until(what, condition string) {
	b.t.Helper()
	ask(b, what, `Boolean(`+condition+`)`, func(met bool) bool { return met })
}

// reached brings something into sight and says why it cannot be pressed there; "" when it
// can. Then "press" is done in the same moment, so that no part of a page that is just
// replaced takes the press away. A press with the same number is done once, however often it
// is asked for: the answer may be lost with the page that it leads away from.
const reached = `((number, selector, press) => {
	if (sessionStorage.getItem('pressed') === number) return '';
	if (!` + still + `) return 'the page is not there yet';
	const e = document.querySelector(selector);
	if (!e) return 'it is not on the page';
	if (e.matches(':disabled')) return 'it is switched off';
	const shown = e.matches('.sr-only') && e.labels?.length ? e.labels[0] : e;
	if (!shown.checkVisibility({visibilityProperty: true})) return 'it cannot be seen';
	shown.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
	const box = shown.getClientRects()[0];
	if (!box || box.width === 0 || box.height === 0) return 'it has no size';
	const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
	if (!at || !(e.contains(at) || shown.contains(at) || at.closest('label')?.control === e)) return 'it is covered by ' + (at?.outerHTML.slice(0, 200) ?? 'nothing');
	sessionStorage.setItem('pressed', number);
	press(e, box);
	return '';
})`

// pressed lets the page's own language press something once it can be pressed.
func (b *browser) pressed(selector, press string) {
	b.t.Helper()
	b.presses++
	ask(b, "press "+selector, fmt.Sprintf(`%s('%d', %s, %s)`, reached, b.presses, quoted(selector), press), func(hindrance string) bool { return hindrance == "" })
}

// click presses something.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.pressed(selector, `e => { e.focus({preventScroll: true}); e.click(); }`)
}

// leads clicks something and waits until another page has come of it.
func (b *browser) leads(selector string) {
	b.t.Helper()
	b.pressed(selector, `e => { window.before = true; e.focus({preventScroll: true}); e.click(); }`)
	b.until("another page after "+selector, `!window.before && `+still)
}

// swaps clicks something and waits until a part of the page was replaced.
func (b *browser) swaps(selector, part string) {
	b.t.Helper()
	b.pressed(selector, `e => { document.querySelector(`+quoted(part)+`).before = true; e.focus({preventScroll: true}); e.click(); }`)
	b.until(part+" anew after "+selector, still+` && document.querySelector(`+quoted(part)+`).before !== true`)
}

// point clicks something with the mouse itself, where nothing on the page changes by itself.
func (b *browser) point(selector string) {
	b.t.Helper()
	b.pressed(selector, `(e, box) => { window.box = box; }`)
	at := evaluate[[]float64](b, `[box.left + box.width / 2, box.top + box.height / 2]`)
	b.do("point at "+selector, chromedp.MouseClickXY(at[0], at[1]))
}

// press presses keys as a keyboard does, such as "\t", each a moment after the one before.
func (b *browser) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.until("the page can be typed into", still)
	at := float64(time.Now().UnixMilli()) / 1000
	moment := func(p *input.DispatchKeyEventParams) {
		at += 0.001
		p.Timestamp = input.TimeSinceEpoch(at) // what is measured is how a person types, not how fast the machine is
	}
	b.do(fmt.Sprintf("press %q", keys), chromedp.KeyEvent(keys, append(options, moment)...))
}

// write types a text over what a field holds.
func (b *browser) write(selector, text string) {
	b.t.Helper()
	b.wait(selector)
	b.pressed(selector, `e => { e.focus(); e.select(); }`)
	if text == "" {
		text = "\b"
	}
	b.press(text)
}

// choose takes one of the options of a field.
func (b *browser) choose(field, value string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`select[name=%q] option[value=%q]`, field, value))
	evaluate[bool](b, fmt.Sprintf(`(e => { e.value = %s; return e.dispatchEvent(new Event('change', {bubbles: true})); })(document.querySelector('select[name=%q]'))`, quoted(value), field))
}

// text is what stands in a part of the page.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return *ask(b, selector+" is on the page", fmt.Sprintf(`%s ? document.querySelector(%s)?.textContent ?? null : null`, still, quoted(selector)),
		func(text *string) bool { return text != nil })
}

// says waits until a part of the page has all these words.
func (b *browser) says(selector string, words ...string) {
	b.t.Helper()
	list, _ := json.Marshal(words)
	b.until(fmt.Sprintf("%s says %q", selector, words),
		fmt.Sprintf(`%s && %s.every(w => document.querySelector(%s).textContent.includes(w))`, still, list, quoted(selector)))
}

// count is how many elements of the page match.
func (b *browser) count(selector string) int {
	b.t.Helper()
	return evaluate[int](b, `document.querySelectorAll(`+quoted(selector)+`).length`)
}

func (b *browser) location() string { b.t.Helper(); return evaluate[string](b, `location.href`) }

// settled waits until nothing on the page polls.
func (b *browser) settled(where string) {
	b.t.Helper()
	b.until(where+" asks for nothing more by itself", still+` && !document.querySelector('[hx-trigger]')`)
}

// reload loads the page again once the server would show something on it.
func (b *browser) reload(want string) {
	b.t.Helper()
	b.reloadWhen(want, func(page string) bool { return strings.Contains(page, want) })
}

// reloadWhen loads the page again once what the server would show is as wanted.
func (b *browser) reloadWhen(what string, wanted func(page string) bool) {
	b.t.Helper()
	url := b.location()
	program.Eventually(b.t, patience, func(ctx context.Context) error {
		page, status, err := fetch(ctx, http.MethodGet, url, "")
		if err == nil && !wanted(string(page)) {
			err = fmt.Errorf("status %d and no %s", status, what)
		}
		return err
	})
	b.do("load again", chromedp.Reload())
	b.until("the page is there again", still)
}
