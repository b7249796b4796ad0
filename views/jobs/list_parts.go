package jobs

import (
	"net/url"
	"strconv"

	"github.com/backupman/backupman/views/human"
)

// jobsOfPart is how many jobs are shown at once.
const jobsOfPart = 100

// Parts tells which part of a list of jobs is shown.
type Parts struct {
	// find is what the list is narrowed to.
	find string
	// part counts from 1, of all; there is one at least.
	part, all int
	// first is the place of the first job of the part among all that are found, from 0, and
	// last the one behind its last.
	first, last, found int
}

// partsOf is in how many parts so many jobs are shown; one at least.
func partsOf(found int) int { return max(1, (found+jobsOfPart-1)/jobsOfPart) }

// KnownPart returns the part of so many jobs that is shown to who asks for one: the first or the
// last where there is no such part.
func KnownPart(part, found int) int { return min(max(1, part), partsOf(found)) }

// newParts says where a part is.
func newParts(find string, part, found int) Parts {
	p := Parts{find: find, part: KnownPart(part, found), all: partsOf(found), found: found}
	p.first, p.last = (p.part-1)*jobsOfPart, min(p.part*jobsOfPart, found)
	return p
}

// words say which jobs are shown.
func (p Parts) words() string {
	return human.Count(int64(p.first)+1) + " to " + human.Count(int64(p.last)) + " of " + human.Plural(int64(p.found), "job")
}

// here is the address of this part.
func (p Parts) here() string { return p.path(p.part) }

func (p Parts) path(part int) string {
	q := url.Values{}
	if p.find != "" {
		q.Set("q", p.find)
	}
	if part > 1 {
		q.Set("page", strconv.Itoa(part))
	}
	if len(q) == 0 {
		return ListPath
	}
	return ListPath + "?" + q.Encode()
}
