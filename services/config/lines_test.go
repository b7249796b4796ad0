package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// A key without a value has a line, too.
func TestMistakesInWhatHasNoValueHaveTheirLine(t *testing.T) {
	text := "data_sources: [{label: shop, provider: mysql, db_name: s, user: u}]\ndrives: [{label: nas, provider: local, folder: /x}]\njobs:\n  - label: n\n    data_source: shop\n    retention:\n      drives:\n        nowhere:\n"
	_, err := config.Load(write(t, filepath.Join(t.TempDir(), "c.yaml"), text), options(nil))
	for _, p := range problems(t, err) {
		if p.Line != strings.Count(text, "\n") {
			t.Errorf("%d: %s", p.Line, p.Sentence)
		}
	}
}

// A few hundred bytes that stand for thousands of millions of mappings are read at once.
func TestMergesAreBounded(t *testing.T) {
	text := "a0: &a0 {k: v}\n"
	for i := range 4 {
		text += fmt.Sprintf("a%d: &a%d {<<: [%s]}\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 200), ", "))
	}
	_, err := config.Load(write(t, filepath.Join(t.TempDir(), "c.yaml"), text+"<<: *a4\n"), options(nil))
	if err == nil || !strings.Contains(err.Error(), "merges (<<) more than 1000 mappings") || strings.Count(err.Error(), "\n") > 20 {
		t.Errorf("%.300v", err)
	}
}

func TestTheFileTellsItsLines(t *testing.T) {
	text := "data_sources:\n  - provider: sqlite\n    label: shop\n    db_path: /srv/shop.db\ndrives: [{label: nas, provider: local, folder: /x}]\n"
	c, err := config.Load(write(t, filepath.Join(t.TempDir(), "c.yaml"), text), options(nil))
	if err != nil {
		t.Fatal(err)
	}
	// Each source is a job of its own where the file has none.
	for _, want := range []struct {
		kind  models.PlanKind
		label string
		line  int
	}{{models.PlanSource, "shop", 3}, {models.PlanDrive, "nas", 5}, {models.PlanJob, "shop", 3}, {models.PlanDrive, "shop", 0}, {models.PlanNotifier, "shop", 0}} {
		if got := c.Line(want.kind, want.label); got != want.line {
			t.Errorf("the %s %s is on line %d, want %d", want.kind, want.label, got, want.line)
		}
	}
}
