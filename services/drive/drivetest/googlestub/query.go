package googlestub

import (
	"regexp"
	"strings"
)

// A term of a query: the driver joins them by "and". Texts are quoted as Google
// wants it, with a backslash before quotes and backslashes.
var (
	quotedText = `'((?:[^'\\]|\\['\\])*)'`
	terms      = []struct {
		form *regexp.Regexp
		test func(text string) func(*file) bool
	}{
		{regexp.MustCompile(`^` + quotedText + ` in parents`), func(id string) func(*file) bool {
			return func(f *file) bool { return f.parent == id }
		}},
		{regexp.MustCompile(`^name = ` + quotedText), func(name string) func(*file) bool {
			return func(f *file) bool { return strings.EqualFold(f.Name, name) } // Google looks at no case
		}},
		{regexp.MustCompile(`^mimeType = ` + quotedText), func(kind string) func(*file) bool {
			return func(f *file) bool { return f.MimeType == kind }
		}},
		{regexp.MustCompile(`^trashed = (false)`), func(string) func(*file) bool {
			return func(f *file) bool { return !f.trashed }
		}},
	}
	unquote = strings.NewReplacer(`\\`, `\`, `\'`, `'`)
)

var parentTerm = regexp.MustCompile(quotedText + ` in parents`)

// parentsIn returns the ids of the folders that a query looks into.
func parentsIn(q string, alias func(id string) string) (ids []string) {
	for _, m := range parentTerm.FindAllStringSubmatch(q, -1) {
		ids = append(ids, alias(unquote.Replace(m[1])))
	}
	return ids
}

// parseQuery reads a query and returns the test of a file.
func parseQuery(q string, alias func(id string) string) (func(*file) bool, error) {
	var tests []func(*file) bool
	for rest := q; ; {
		found := false
		for _, term := range terms {
			m := term.form.FindStringSubmatch(rest)
			if m == nil {
				continue
			}
			tests = append(tests, term.test(alias(unquote.Replace(m[1]))))
			rest, found = rest[len(m[0]):], true
			break
		}
		if !found {
			return nil, badRequest("Invalid Value: q: %s", rest)
		}
		if rest == "" {
			break
		}
		var ok bool
		if rest, ok = strings.CutPrefix(rest, " and "); !ok {
			return nil, badRequest("Invalid Value: q: %s", rest)
		}
	}
	return func(f *file) bool {
		for _, test := range tests {
			if !test(f) {
				return false
			}
		}
		return true
	}, nil
}
