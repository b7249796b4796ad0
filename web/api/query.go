package api

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

// maxLimit bounds Limit; a list without it is not bounded.
const maxLimit = 10000

// listQuery is what was asked of the list of backups.
type listQuery struct {
	filter models.BackupFilter
	// limit is 0 for no limit.
	limit int
	// after is the id of the backup that the list starts behind; empty for the start.
	after string
}

// paged reports whether only a part of the list was asked for.
func (q listQuery) paged() bool { return q.limit > 0 || q.after != "" }

// parameters are the names that a list understands, in lower case, with what
// each does. Names are read in any case.
var parameters = map[string]func(*listQuery, string) error{
	"label":  func(q *listQuery, v string) error { q.filter.Label = v; return nil },
	"jobid":  func(q *listQuery, v string) error { q.filter.JobID = v; return models.CheckID(v) },
	"after":  func(q *listQuery, v string) error { q.after = v; return models.CheckID(v) },
	"status": func(q *listQuery, v string) (err error) { q.filter.Status, err = ParseStatus(v); return err },
	"since":  func(q *listQuery, v string) (err error) { q.filter.Since, err = parseTime("Since", v); return err },
	"until":  func(q *listQuery, v string) (err error) { q.filter.Until, err = parseTime("Until", v); return err },
	"limit":  func(q *listQuery, v string) (err error) { q.limit, err = parseLimit(v); return err },
}

// parseList reads the query of a list. A name or value that is not understood
// is an error, because a filter that is silently left out shows the wrong list.
func parseList(values url.Values) (listQuery, error) {
	var q listQuery
	for name, given := range values {
		set, known := parameters[strings.ToLower(name)]
		if !known {
			return q, models.Invalidf("there is no query parameter %q: use Label, JobId, Status, Since, Until, Limit or After", name)
		}
		if len(given) > 1 {
			return q, models.Invalidf("the query parameter %s was given %d times: give it once", name, len(given))
		}
		if given[0] == "" {
			return q, models.Invalidf("the query parameter %s is empty: give it a value or leave it out", name)
		}
		if err := set(&q, given[0]); err != nil {
			return q, err
		}
	}
	return q, nil
}

// ParseStatus reads a status of the contract.
func ParseStatus(v string) (models.Status, error) {
	switch s := models.Status(v); s {
	case models.StatusPending, models.StatusFinished, models.StatusFailed:
		return s, nil
	}
	return "", models.Invalidf("%q is no status: use pending, finished or failed", v)
}

func parseTime(name, v string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, models.Invalidf("%s is not a time that can be read: write it as 2025-07-02T10:00:00Z or 2025-07-02", name)
}

func parseLimit(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxLimit {
		return 0, models.Invalidf("Limit must be a whole number from 1 to %d", maxLimit)
	}
	return n, nil
}
