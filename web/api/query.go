package api

import (
	"net/url"
	"strconv"
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

// parseList reads the query of a list. A name or value that is not understood
// is an error, because a filter that is silently left out shows the wrong list.
func parseList(values url.Values) (listQuery, error) {
	var q listQuery
	err := setAll(values, map[string]func(string) error{
		"Label":  func(v string) error { q.filter.Label = v; return nil },
		"JobId":  func(v string) error { q.filter.JobID = v; return models.CheckID(v) },
		"After":  func(v string) error { q.after = v; return models.CheckID(v) },
		"Status": func(v string) (err error) { q.filter.Status, err = ParseStatus(v); return err },
		"Since":  func(v string) (err error) { q.filter.Since, err = parseTime("Since", v); return err },
		"Until":  func(v string) (err error) { q.filter.Until, err = parseTime("Until", v); return err },
		"Limit":  func(v string) (err error) { q.limit, err = parseLimit(v); return err },
	})
	return q, err
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
