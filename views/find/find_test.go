package find

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/backupman/backupman/views/layout"
)

var items = []Item{
	{Kind: KindPage, Label: "Backups", Path: "/backups"},
	{Kind: KindPage, Label: "Databases", Path: "/sources"},
	{Kind: KindJob, Label: "shop-nightly", Path: "/jobs/1"},
	{Kind: KindJob, Label: "workshop", Path: "/jobs/2"},
	{Kind: KindSource, Label: "shop", Words: "mysql", Path: "/sources/1"},
	{Kind: KindAction, Label: "Run shop-nightly", Words: "Back up now", Path: "/jobs/1/run", Post: true},
	{Kind: KindAction, Label: "Add a database", Words: "New source", Path: "/sources/new"},
}

func TestWhatIsLookedForIsFound(t *testing.T) {
	for query, want := range map[string]string{
		"shop":         "shop, shop-nightly, Run shop-nightly, workshop",
		"SHOP ":        "shop, shop-nightly, Run shop-nightly, workshop",
		"run":          "Run shop-nightly",
		"run shop":     "Run shop-nightly",
		"nightly run":  "Run shop-nightly",
		"back":         "Backups, Run shop-nightly",
		"mysql":        "shop",
		"database":     "Databases, Add a database, shop",
		"add database": "Add a database",
		"":             "Backups, Databases, shop-nightly, workshop, shop",
		"nothing":      "",
		"shop nothing": "",
		"*":            "",
	} {
		var got []string
		for _, h := range NewView(layout.Page{}, Query(query), items).Hits {
			got = append(got, h.Label)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q finds %q, want %q", query, strings.Join(got, ", "), want)
		}
	}
}

func TestTheAnswerIsSmall(t *testing.T) {
	var many []Item
	for n := range 600 {
		many = append(many, Item{Kind: KindJob, Label: fmt.Sprintf("job-%03d", n)})
	}
	many = append(many, Item{Kind: KindBackup, Label: "another", Certain: true})
	v := NewView(layout.Page{}, "job", many)
	if len(v.Hits) != shown || v.Count != "12 of 601 results" || v.Hits[0].Label != "another" {
		t.Errorf("%d hits are shown, first %q: %q", len(v.Hits), v.Hits[0].Label, v.Count)
	}
	for typed, want := range map[string]string{"  a b ": "a b", strings.Repeat("x", 5000): strings.Repeat("x", MaxQuery), "a\xff\xfeb": "ab"} {
		if got := Query(typed); got != want {
			t.Errorf("%.20q is %q", typed, got)
		}
	}
	if got := Query(strings.Repeat("é", 80) + "x"); len(got) > MaxQuery || !utf8.ValidString(got) || got == "" {
		t.Errorf("a long word is cut to %q", got)
	}
}

func TestAnActionIsAButtonAndNamesAreText(t *testing.T) {
	var b strings.Builder
	v := NewView(layout.Page{}, "run", []Item{{Kind: KindAction, Label: `Run "><script>`, Path: "/jobs/1/run", Post: true}})
	if err := Found(v).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, `<form method="post" action="/jobs/1/run"><button type="submit"`) || strings.Contains(got, "<script>") || !strings.Contains(got, `data-query="run"`) {
		t.Errorf("the hits are %s", got)
	}
}
