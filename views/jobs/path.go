package jobs

import "strconv"

// Path returns the address of a job's page.
func Path(id string) string { return "/jobs/" + id }

// planPath returns the address of the page with rules that are tried and a part of the plan.
func planPath(id string, f RulesForm, from int) string {
	q := f.Query()
	if from > 0 {
		q.Set("from", strconv.Itoa(from))
	}
	if len(q) == 0 {
		return Path(id) + "#kept"
	}
	return Path(id) + "?" + q.Encode() + "#kept"
}
