package api

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

// mostKept bounds a count of copies that are kept.
const mostKept = 1_000_000

// PreviewRetention answers GET /api/jobs/:id/retention with what the job's rules remove,
// or those of the query on all of its drives. It changes nothing.
func (h *Handlers) PreviewRetention(c *gin.Context) error {
	j, err := h.pathJob(c)
	if err != nil {
		return err
	}
	rules, err := parseRules(c.Request.URL.Query())
	if err != nil {
		return err
	}
	plan, err := h.Retention.Preview(c.Request.Context(), j.ID, rules)
	if err != nil {
		return err
	}
	return h.tellPlan(c, plan)
}

// PruneJob answers POST /api/jobs/:id/prune with what was removed. When something forbids
// it now, nothing is removed, and the answer is a conflict that says what.
func (h *Handlers) PruneJob(c *gin.Context) error {
	j, err := h.pathJob(c)
	if err != nil {
		return err
	}
	plan, err := h.Retention.Prune(c.Request.Context(), j.ID)
	if err != nil {
		return err
	}
	if plan.Rests != "" {
		return models.Conflictf("%s", plan.Rests)
	}
	return h.tellPlan(c, plan)
}

func (h *Handlers) tellPlan(c *gin.Context, plan models.RetentionPlan) error {
	known, err := h.labels(c.Request.Context())
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, newPlan(plan, known.drives))
	return nil
}

// parseRules reads rules of retention; nil when the query has none.
func parseRules(q url.Values) (*models.Retention, error) {
	if len(q) == 0 {
		return nil, nil
	}
	var r models.Retention
	count := func(name string, into *int) func(string) error {
		return func(v string) (err error) { *into, err = parseCount(name, v); return err }
	}
	err := setAll(q, map[string]func(string) error{
		"KeepLast": count("KeepLast", &r.Last), "Hourly": count("Hourly", &r.Hourly), "Daily": count("Daily", &r.Daily),
		"Weekly": count("Weekly", &r.Weekly), "Monthly": count("Monthly", &r.Monthly), "Yearly": count("Yearly", &r.Yearly),
		"KeepWithin": func(v string) (err error) { r.Within, err = models.ParseSpan(v); return about("KeepWithin", err) },
		"MaxSize":    func(v string) (err error) { r.MaxSize, err = models.ParseBytes(v); return about("MaxSize", err) },
	})
	if err == nil && r.IsZero() {
		err = models.Invalidf("these rules keep everything: give one of them a number above 0")
	}
	return &r, err
}

func parseCount(name, v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > mostKept {
		return 0, models.Invalidf("%s must be a whole number from 0 to %d", name, mostKept)
	}
	return n, nil
}

// about makes a sentence of an error that begins with what it is about.
func about(name string, err error) error {
	if err == nil {
		return nil
	}
	return models.Invalidf("%s %s", name, err)
}
