package human

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence makes a sentence of words that begin small and end without a stop,
// as errors do.
func Sentence(words string) string {
	words = strings.TrimSpace(words)
	if words == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(words)
	words = string(unicode.ToUpper(first)) + words[size:]
	if last, _ := utf8.DecodeLastRuneInString(words); !strings.ContainsRune(".!?", last) {
		words += "."
	}
	return words
}

// Names says a few names in a row: "a", "a and b", "a, b and 3 more".
func Names(names []string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n <= 3:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names[:2], ", ") + " and " + Count(int64(len(names)-2)) + " more"
}
