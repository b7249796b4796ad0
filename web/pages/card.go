package pages

import (
	"github.com/a-h/templ"

	"github.com/backupman/backupman/views/landing"
)

// card draws one job's card together with the summary that the whole makes.
func (h *Handlers) card(f landing.JobFacts, all []landing.JobFacts, drives []landing.DriveTrouble) templ.Component {
	now := h.Now()
	card, summary := landing.NewJobCard(f, now), landing.NewSummary(all, drives, now)
	summary.Swapped = true
	return landing.CardFragment(card, summary, landing.Announcement(card))
}
