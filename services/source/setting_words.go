package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// checkWords refuses settings with a zero byte: in what is said to a server, one ends a
// name, and what follows would be taken for something else.
func checkWords(label string, s models.Settings) error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if strings.ContainsRune(s[name], 0) {
			return models.Invalidf("data source %q: the %s has a zero byte, which no server and no program takes", label, name)
		}
	}
	return nil
}
