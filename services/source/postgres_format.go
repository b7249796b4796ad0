package source

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// archiveFormats are the formats that versions of pg_restore read, newest first: the
// minor version of the format, and the first major version that reads it.
var archiveFormats = []struct{ minor, major int }{{archiveRelkind, 17}, {archiveMethod, 16}, {archiveTableAM, 12}, {13, 10}, {oldestArchive, 0}}

// writeFor has the archive written in a format that a version of pg_restore reads. A newer
// pg_restore than the server would set parameters that the server does not know, so what
// a newer pg_dump made is restored by an older pg_restore.
func (a *pgArchive) writeFor(major int) error {
	for _, f := range archiveFormats {
		if f.major <= major {
			a.minor = min(a.minor, f.minor)
			break
		}
	}
	if a.head.begin[6] = byte(a.minor); a.minor >= archiveRelkind {
		return nil
	}
	return a.singleBlobs()
}

// preDataSection is the number of the section that is restored before any rows.
const preDataSection = 2

// singleBlobs makes an entry of each large object, and of its privileges, of what newer
// archives hold in one for many.
func (a *pgArchive) singleBlobs() error {
	next, groups := int64(0), map[int64][]string{}
	for _, e := range a.entries {
		next = max(next, e.id)
		if e.desc == descBlobNumbers {
			groups[e.id] = strings.Fields(e.defn)
		}
	}
	var entries []*archiveEntry
	add := func(e archiveEntry, i int) {
		if i > 0 {
			next++
			e.id = next
		}
		entries = append(entries, &e)
	}
	for _, e := range a.entries {
		switch {
		case e.desc == descBlobNumbers:
			for i, number := range groups[e.id] {
				add(singleBlob(*e, number), i)
			}
		case manyBlobs.MatchString(e.tag) && len(e.needs) > 0 && groups[e.needs[0]] != nil:
			for i, number := range groups[e.needs[0]] {
				single, err := a.aboutBlob(*e, number)
				if err != nil {
					return err
				}
				add(single, i)
			}
		default:
			entries = append(entries, e)
		}
	}
	a.entries = entries
	return nil
}

// manyBlobs is how entries are called that are about several large objects.
var manyBlobs = regexp.MustCompile(`^LARGE OBJECTS [0-9]+\.\.[0-9]+$`)

// singleBlob returns the entry that makes one large object.
func singleBlob(e archiveEntry, number string) archiveEntry {
	e.desc, e.tag, e.number, e.section = "BLOB", number, number, preDataSection
	e.defn = fmt.Sprintf("SELECT pg_catalog.lo_create('%s');\n", number)
	e.drop = fmt.Sprintf("SELECT pg_catalog.lo_unlink('%s');\n", number)
	return e
}

// aboutBlob returns an entry of statements with the number of one large object in each.
func (a *pgArchive) aboutBlob(e archiveEntry, number string) (archiveEntry, error) {
	statements, err := splitStatements(e.defn, a.escapes)
	if err != nil {
		return e, err
	}
	var b strings.Builder
	for _, s := range statements {
		c := pgCursor{tokens: s}
		if !c.past("on") || !c.take("large", "object") {
			b.WriteString(e.defn[s[0].start:s[len(s)-1].end] + ";\n")
			continue
		}
		at := c.peek().start
		b.WriteString(e.defn[s[0].start:at] + number)
		for !c.end() && isNumber(c.peek().text) {
			c.pos++
		}
		b.WriteString(e.defn[c.tokens[c.pos-1].end:s[len(s)-1].end] + ";\n")
	}
	e.tag, e.defn = "LARGE OBJECT "+number, b.String()
	return e, nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}
