package drive

import "regexp"

// plainWords are what services call their faults, regions and reasons.
var plainWords = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// plainWord is a word of a server's answer that may be shown, or nothing. Whoever may
// write an address into the settings would otherwise read through this server what only the
// server reaches.
func plainWord(word string) string {
	if plainWords.MatchString(word) {
		return word
	}
	return ""
}
