package config

import (
	"slices"
	"strings"
)

// advise ends a sentence about a word that is not known.
func advise(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return ": did you mean " + near + "?"
	}
	if strings.ContainsAny(word, ": =") {
		return ": write a colon and a space between a key and its value"
	}
	return ": use " + oneOf(known)
}

// adviseLabel does the same for labels, which may hold spaces.
func adviseLabel(label string, known []string) string {
	if near := nearest(label, known); near != "" {
		return ": did you mean " + quote(near) + "?"
	}
	return ""
}

// oneOf lists words as "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// written leaves out the choice of writing nothing, for which there is no word.
func written(choices []string) []string {
	return slices.DeleteFunc(slices.Clone(choices), func(c string) bool { return c == "" })
}

// nearest returns the known word that is at most a third away from word.
func nearest(word string, known []string) string {
	best, least := "", len(word)/3+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= least && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// distance is the Damerau-Levenshtein distance in its optimal string alignment
// form: https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 300 || len(y) > 300 {
		return len(x) + len(y)
	}
	var before, above []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, above, row = above, row, make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+unequal(x[i-1], y[j-1]))
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(y)]
}

func unequal(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
