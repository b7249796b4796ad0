// Package find shows what a search has found: pages, jobs, databases, drives, backups and
// what can be done, each with the address that leads there.
package find

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// Limits keep an answer small: nobody reads on.
const (
	// MaxQuery is how many bytes of what was typed are looked for.
	MaxQuery = 100
	// shown is how many hits an answer has.
	shown = 12
)

// Item is something that can be found.
type Item struct {
	Kind Kind
	// Label is what it is called, Words what it is found by besides, which is also shown.
	Label, Words string
	// Path leads there; with Post a button does, as it changes something.
	Path string
	Post bool
	// Icon is the sign of a page; the others have that of their kind.
	Icon string
	// At is the time of what has one.
	At components.Moment
	// Certain puts it first, whatever its label is: it was named by its id.
	Certain bool
}

// Kind is what an item is; also the order among equals.
type Kind int

// The kinds.
const (
	KindPage Kind = iota
	KindJob
	KindBackup
	KindSource
	KindDrive
	KindAction
)

// kinds are the word and the sign of each.
var kinds = [...]struct{ word, icon string }{{"Page", "circle"}, {"Job", "jobs"}, {"Backup", "archive"}, {"Database", "database"}, {"Drive", "drive"}, {"Action", "play"}}

// Word names the kind.
func (k Kind) Word() string { return kinds[k].word }

// sign is what an item shows beside its label.
func (i Item) sign() string { return cmp.Or(i.Icon, kinds[i.Kind].icon) }

// View is a search and what it found.
type View struct {
	Page  layout.Page
	Query string
	Hits  []Item
	// Count says how many there are, also of those that are not shown.
	Count string
}

// Query is what is looked for, made of what was typed.
func Query(typed string) string {
	if len(typed) > MaxQuery {
		typed = typed[:MaxQuery]
		for !utf8.ValidString(typed) && typed != "" {
			typed = typed[:len(typed)-1]
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(typed), "")
}

// NewView looks for a query among items. Without a query the pages and the jobs are shown.
func NewView(page layout.Page, query string, items []Item) View {
	v := View{Page: page, Query: query}
	type ranked struct {
		Item
		rank int
	}
	var found []ranked
	for _, i := range items {
		if rank := i.rank(query); rank >= 0 {
			found = append(found, ranked{i, rank})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Kind, b.Kind))
	})
	v.Count = counted(len(found))
	for _, f := range found[:min(len(found), shown)] {
		v.Hits = append(v.Hits, f.Item)
	}
	return v
}

func counted(n int) string {
	switch {
	case n == 0:
		return "Nothing found"
	case n == 1:
		return "1 result"
	case n > shown:
		return human.Count(int64(shown)) + " of " + human.Count(int64(n)) + " results"
	}
	return human.Count(int64(n)) + " results"
}

// rank is how well an item fits, from 0 on; less than 0 is not at all.
func (i Item) rank(query string) int {
	if i.Certain {
		return 0
	}
	label, wanted := strings.ToLower(i.Label), strings.ToLower(query)
	if wanted == "" {
		if i.Kind == KindAction {
			return -1
		}
		return 1
	}
	if label == wanted {
		return 0
	}
	if strings.HasPrefix(label, wanted) {
		return 1
	}
	rank, words := 2, strings.ToLower(i.Words+" "+i.Kind.Word())
	for word := range strings.FieldsSeq(wanted) {
		switch {
		case begins(label, word):
		case strings.Contains(label, word):
			rank = max(rank, 3)
		case strings.Contains(words, word):
			rank = max(rank, 4)
		default:
			return -1
		}
	}
	return rank
}

// begins reports whether one of the words of a label begins so.
func begins(label, word string) bool {
	for from := 0; ; {
		at := strings.Index(label[from:], word)
		if at < 0 {
			return false
		}
		at += from
		if at == 0 || !letter(label[at-1]) {
			return true
		}
		from = at + 1
	}
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80 }
