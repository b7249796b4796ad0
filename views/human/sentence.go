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
	if last, _ := utf8.DecodeLastRuneInString(words); !strings.ContainsRune(".!?;", last) {
		words += "."
	}
	return words
}

// Own makes a sentence of words without the name that they begin with, as in
// data source "shop": it is gone, for where the page around has said it. What is
// what is named: "data source" or "drive".
func Own(what, words string) string {
	rest, found := strings.CutPrefix(words, what+` "`)
	if _, after, ends := strings.Cut(rest, `": `); found && ends {
		return Sentence(after)
	}
	return Sentence(words)
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

// Lines returns the lines of a text that say something.
func Lines(text string) []string {
	var found []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	return found
}

// Sentences returns the lines of a text, each as a sentence.
func Sentences(text string) []string {
	found := Lines(text)
	for i, line := range found {
		found[i] = Sentence(line)
	}
	return found
}
