package config

import (
	"slices"

	"github.com/backupman/backupman/models"
)

// forAll is what holds for jobs that do not say it themselves.
type forAll struct {
	timing     timing
	retention  models.Retention
	encryption encryption
}

// jobs reads the jobs, or makes one of each source when the file has none.
// shared is for jobs without their own; kinds are those of sources.
func (l *loader) jobs(root *table, shared forAll, kinds []models.Kind, sources []models.Source, drives []models.Drive) []models.PlannedJob {
	listed := root.elements("jobs", "job")
	if len(listed) == 0 {
		return l.jobOfEach(root, shared, sources, drives)
	}
	var jobs []models.PlannedJob
	seen := labels{}
	for _, t := range listed {
		jobs = append(jobs, l.job(t, seen, shared, kinds, sources, drives))
	}
	return jobs
}

func (l *loader) jobOfEach(root *table, shared forAll, sources []models.Source, drives []models.Drive) []models.PlannedJob {
	if len(sources) > 0 && len(drives) == 0 {
		l.note(root.at("data_sources"), "there are data sources but no drives: nothing is backed up until drives names a place for the copies")
		return nil
	}
	var jobs []models.PlannedJob
	for _, s := range sources {
		planned := models.PlannedJob{
			Job:    models.Job{Label: s.Label, Cron: shared.timing.cron, Timezone: shared.timing.zone, Compression: models.CompressionZstd, Retention: shared.retention},
			Source: s.Label,
			Drives: driveLabels(drives),
		}
		shared.encryption.of(&planned)
		jobs = append(jobs, planned)
	}
	return jobs
}

func (l *loader) job(t *table, seen labels, shared forAll, kinds []models.Kind, sources []models.Source, drives []models.Drive) models.PlannedJob {
	planned := models.PlannedJob{Job: models.Job{Label: t.label("job", seen)}}
	planned.Source = t.sourceOf(sources)
	planned.Drives = t.drivesOf(drives)
	when := t.timing()
	planned.Job.Cron, planned.Job.Timezone = when.cron, when.zone
	t.windowAndSpread(&planned.Job)
	planned.Job.Timeout = t.timeout()
	planned.Job.Compression = t.compression()
	l.encryptionOf(t, shared.encryption).of(&planned)
	planned.Former = t.former()
	l.keep(t, &planned, shared.retention)
	l.drill(t.sub("drill"), &planned, kinds, sources)
	t.end()
	return planned
}

// kindOf returns the kind of a source; the zero kind when it is not known.
func kindOf(label string, kinds []models.Kind, sources []models.Source) models.Kind {
	for _, s := range sources {
		for _, k := range kinds {
			if s.Label == label && s.Provider == k.Provider {
				return k
			}
		}
	}
	return models.Kind{}
}

func (t *table) sourceOf(sources []models.Source) string {
	known, s := sourceLabels(sources), t.text("data_source")
	switch {
	case s.bad:
	case !s.set:
		t.l.problem(s.line, "%sdata_source is missing: name one of data_sources by its label", t.prefix)
	case !slices.Contains(known, s.text):
		t.l.problem(s.line, "%sthere is no data source %s%s%s", t.prefix, quote(s.text), t.l.inFile(" under data_sources"), adviseLabel(s.text, known))
	}
	return s.text
}

// drivesOf returns the drives a job names, or all when it names none.
func (t *table) drivesOf(drives []models.Drive) []string {
	known, named := driveLabels(drives), t.texts("drives")
	if len(named) == 0 {
		if len(known) == 0 {
			t.l.problem(t.at("drives"), "%sthere is no drive to keep its backups: add one under drives", t.prefix)
		}
		return known
	}
	var chosen []string
	for _, s := range named {
		switch {
		case !s.set:
		case !slices.Contains(known, s.text):
			t.l.problem(s.line, "%sthere is no drive %s%s%s", t.prefix, quote(s.text), t.l.inFile(" under drives"), adviseLabel(s.text, known))
		case slices.Contains(chosen, s.text):
			t.l.problem(s.line, "%sthe drive %s is named twice: name it once", t.prefix, quote(s.text))
		default:
			chosen = append(chosen, s.text)
		}
	}
	return chosen
}

func sourceLabels(sources []models.Source) []string {
	var out []string
	for _, s := range sources {
		out = append(out, s.Label)
	}
	return out
}

func driveLabels(drives []models.Drive) []string {
	var out []string
	for _, d := range drives {
		out = append(out, d.Label)
	}
	return out
}

func (t *table) compression() models.Compression {
	s := t.text("compression")
	switch c := models.Compression(s.text); c {
	case "":
		return models.CompressionZstd
	case models.CompressionZstd, models.CompressionGzip, models.CompressionNone:
		return c
	}
	t.l.problem(s.line, "%s must be zstd, gzip or none, not %s", t.path("compression"), quote(s.text))
	return ""
}
