package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// Every setting that a kind declares is told where the kind is documented.
func TestEverySettingIsDocumented(t *testing.T) {
	body, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(body)
	options := (&flags{}).loadOptions("")
	common := between(doc, "### data_sources\n", "\n#### ")
	for _, k := range options.Sources {
		documented(t, k, common+between(doc, "\n#### "+k.Provider+"\n", "\n##"))
	}
	drives := between(doc, "\n### drives\n", "\n### ")
	common = between(drives, "\n#### every drive\n", "\n#### ")
	for _, k := range options.Drives {
		row, own := between(drives, "\n| `"+k.Provider+"` |", "\n"), between(drives, "\n#### "+k.Provider+"\n", "\n#### ")
		documented(t, k, row+own+common)
	}
}

func documented(t *testing.T, kind models.Kind, text string) {
	t.Helper()
	for _, s := range kind.Settings {
		if !strings.Contains(text, "`"+s.Name+"`") {
			t.Errorf("docs/configuration.md does not tell of %s of %s", s.Name, kind.Provider)
		}
	}
}

// between returns the text after one mark and before the next of another.
func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

// The example has nothing in it that this version does not carry out.
func TestTheExampleHasNoNotes(t *testing.T) {
	c, err := config.Load("../config.example.yaml", (&flags{}).loadOptions(""))
	if err != nil || len(c.Notes) != 0 {
		t.Errorf("%v, notes %q", err, c.Notes)
	}
}
