package config

import (
	"slices"

	"github.com/backupman/backupman/models"
)

// drill reads when restores of a job are tried, and where. kinds are those of sources.
func (l *loader) drill(t *table, planned *models.PlannedJob, kinds []models.Kind, sources []models.Source) {
	planned.Job.DrillCron, planned.Job.DrillAfter = t.expression().text, t.boolean("after_backup")
	scratch := t.text("scratch")
	if scratch.set && scratch.text != models.ScratchTemporary {
		t.scratchOn(scratch, planned.Source, kinds, sources)
	}
	planned.Job.DrillScratch = scratch.text
	t.end()
}

// scratchOn checks the data source on whose server scratch databases are to be made;
// own is the label of the one that is backed up.
func (t *table) scratchOn(scratch scalar, own string, kinds []models.Kind, sources []models.Source) {
	path, shown := t.path("scratch"), quote(scratch.text)
	kind, server := kindOf(own, kinds, sources), kindOf(scratch.text, kinds, sources)
	switch known := sourceLabels(sources); {
	case kind.Provider != "" && !needsServer(kind):
		t.l.problem(scratch.line, "%s must be temporary for %s, which needs no server, not %s", path, kind.Name, shown)
	case scratch.text == own && kind.Provider != "":
		t.l.problem(scratch.line, "%s names %s, which is what the job backs up: name another data source of its kind, on another server, or write temporary", path, shown)
	case !slices.Contains(known, scratch.text):
		t.l.problem(scratch.line, "%s must be temporary or the label of a data source, and there is none %s%s", path, shown, adviseLabel(scratch.text, known))
	case kind.Provider != "" && server.Provider != "" && server.Provider != kind.Provider:
		t.l.problem(scratch.line, "%s names %s, which is of %s: a backup of %s needs a data source of its own kind, or write temporary", path, shown, server.Name, kind.Name)
	}
}

// needsServer tells kinds of source that are reached over a network from files.
func needsServer(kind models.Kind) bool {
	_, server := kind.Setting("host")
	return server
}
