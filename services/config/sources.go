package config

import "github.com/backupman/backupman/models"

func (l *loader) sources(root *table, kinds []models.Kind) []models.Source {
	var sources []models.Source
	for _, made := range l.described(root, "data_sources", "data source", kinds, sourceExtras) {
		sources = append(sources, models.Source{Label: made.label, Provider: made.provider, Settings: made.settings})
	}
	return sources
}

// sourceExtras reads what any data source may carry and its kind does not declare.
func sourceExtras(t *table, kind models.Kind) {
	if _, ok := kind.Setting("engine"); !ok {
		t.engine()
	}
	if _, ok := kind.Setting("tls"); !ok && t.boolean("tls") && needsServer(kind) {
		t.l.problem(t.at("tls"), "%s is not something that this version can do for %s: set it to false, or reach the server over a trusted network or a tunnel", t.path("tls"), kind.Name)
	}
	if _, ok := kind.Setting("tmp_folder"); !ok {
		if s := t.text("tmp_folder"); s.set {
			t.l.note(s.line, "%s is read but not used: dumps in progress are kept in the data folder", t.path("tmp_folder"))
		}
	}
}

func (t *table) engine() {
	switch s := t.text("engine"); s.text {
	case "", "client":
	case "native":
		t.l.problem(s.line, "%s native is not something that this version can do: use client, or leave it out", t.path("engine"))
	default:
		t.l.problem(s.line, "%s must be client or native, not %s", t.path("engine"), quote(s.text))
	}
}
