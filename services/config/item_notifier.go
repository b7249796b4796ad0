package config

import (
	"slices"

	"github.com/backupman/backupman/models"
)

// notifiersOf reads a list of notifiers, each with the events that it tells of and the jobs
// that they are of; none of either is all.
func (l *loader) notifiersOf(root *table, kinds []models.Kind, jobs []models.PlannedJob) []models.Notifier {
	var events [][]models.Event
	var labels [][]string
	read := l.described(root, "notifiers", "notifier", kinds, func(t *table, _ models.Kind) {
		events, labels = append(events, t.events()), append(labels, t.jobsOf(jobs))
	})
	var notifiers []models.Notifier
	for i, n := range read {
		notifiers = append(notifiers, models.Notifier{Label: n.label, Provider: n.provider, Settings: n.settings, Events: events[i], Jobs: labels[i]})
	}
	return notifiers
}

func (t *table) events() []models.Event {
	known := eventNames()
	var chosen []models.Event
	for _, s := range t.texts("events") {
		switch {
		case !s.set:
		case !slices.Contains(known, s.text):
			t.l.problem(s.line, "%sthere is no event %s%s", t.prefix, quote(s.text), advise(s.text, known))
		case !slices.Contains(chosen, models.Event(s.text)):
			chosen = append(chosen, models.Event(s.text))
		}
	}
	return chosen
}

func (t *table) jobsOf(jobs []models.PlannedJob) []string {
	var known, chosen []string
	for _, j := range jobs {
		known = append(known, j.Job.Label)
	}
	for _, s := range t.texts("jobs") {
		switch {
		case !s.set:
		case !slices.Contains(known, s.text):
			t.l.problem(s.line, "%sthere is no job %s%s", t.prefix, quote(s.text), adviseLabel(s.text, known))
		case !slices.Contains(chosen, s.text):
			chosen = append(chosen, s.text)
		}
	}
	return chosen
}
