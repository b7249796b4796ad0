package pages

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/api"
	"github.com/backupman/backupman/web/cookies"
)

// listLength is how many backups one part of the list shows.
const listLength = 25

// BackupList answers GET /backups.
func (h *Handlers) BackupList(c *gin.Context) error {
	asked, err := parseList(c.Request.URL.Query(), cookies.Zone(c.Request))
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, q, err := h.partOfList(ctx, asked)
	if err != nil {
		return fmt.Errorf("list backups: %w", err)
	}
	from, err := h.choices.get(ctx, h.Shared, h.readChoices)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, backups.List(backups.NewListView(h.page("Backups", "/backups"), found, from, q, h.Now())))
}

// readChoices reads what the list can be narrowed to.
func (h *Handlers) readChoices(ctx context.Context) (from backups.Choices, err error) {
	if from.Jobs, err = h.Plans.Jobs(ctx); err != nil {
		return from, fmt.Errorf("list jobs: %w", err)
	}
	if from.Sources, err = h.Plans.Sources(ctx); err != nil {
		return from, fmt.Errorf("list sources: %w", err)
	}
	if from.Drives, err = h.Plans.Drives(ctx); err != nil {
		return from, fmt.Errorf("list drives: %w", err)
	}
	return from, nil
}

// partOfList reads what a page shows of the list, and what stands beside it.
func (h *Handlers) partOfList(ctx context.Context, asked listAsked) (found []models.Backup, q backups.ListQuery, err error) {
	q = asked.query
	backwards := !asked.before.IsZero()
	if backwards {
		found, err = h.History.BackupsBefore(ctx, asked.filter, asked.before, listLength+1)
	} else {
		found, err = h.History.Backups(ctx, asked.filter, asked.after, listLength+1)
	}
	more := len(found) > listLength
	switch {
	case err != nil:
		return nil, q, err
	case more && backwards:
		found = found[1:]
	case more:
		found = found[:listLength]
	}
	q.Start = !backwards && asked.after.IsZero() || backwards && !more
	if len(found) == 0 {
		return found, q, nil
	}
	first, last := found[0], found[len(found)-1]
	if !q.Start {
		q.Newer = mark(first.CreatedAt, first.ID)
	}
	if more || backwards {
		q.Older = mark(last.CreatedAt, last.ID)
	}
	return found, q, nil
}

// BackupRow answers GET /backups/:id/row with one row of the list.
func (h *Handlers) BackupRow(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.History.Backup(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, backups.RowFragment(backups.NewRow(b, h.Now())))
}

// listAsked is what was asked of the list.
type listAsked struct {
	filter        models.BackupFilter
	after, before models.Cursor
	query         backups.ListQuery
}

// parseList reads the address of a list. A value that is not understood is an error, because
// a filter that is silently left out shows the wrong list.
func parseList(values url.Values, zone *time.Location) (a listAsked, err error) {
	q := backups.ListQuery{JobID: values.Get("job"), SourceID: values.Get("source"), DriveID: values.Get("drive"),
		From: values.Get("from"), To: values.Get("to"), After: values.Get("after")}
	for _, id := range []string{q.JobID, q.SourceID, q.DriveID} {
		if id == "" {
			continue
		}
		if err := models.CheckID(id); err != nil {
			return a, err
		}
	}
	f := models.BackupFilter{JobID: q.JobID, SourceID: q.SourceID, DriveID: q.DriveID}
	if f.Status, f.Cancelled, err = parseStatus(values.Get("status")); err != nil {
		return a, err
	}
	q.Status = models.Status(values.Get("status"))
	if f.Proof, err = parseProof(values.Get("proof")); err != nil {
		return a, err
	}
	if f.Since, f.Until, err = parseDays(q.From, q.To, cmp.Or(zone, time.UTC)); err != nil {
		return a, err
	}
	f.Pinned = values.Get("pinned") == "true"
	q.Proof, q.Pinned = f.Proof, f.Pinned
	a.filter, a.query = f, q
	if a.after, err = parseMark(q.After); err != nil {
		return a, err
	}
	a.before, err = parseMark(values.Get("before"))
	return a, err
}

// parseStatus reads a status of the list, which tells cancelled backups from failed ones.
func parseStatus(text string) (models.Status, models.CancelFilter, error) {
	switch models.Status(text) {
	case "":
		return "", "", nil
	case backups.StatusCancelled:
		return models.StatusFailed, models.CancelOnly, nil
	case models.StatusFailed:
		return models.StatusFailed, models.CancelNot, nil
	}
	status, err := api.ParseStatus(text)
	return status, "", err
}

func parseProof(text string) (models.Proof, error) {
	switch p := models.Proof(text); p {
	case "", models.ProofProven, models.ProofUnproven, models.ProofDisproven:
		return p, nil
	}
	return "", models.Invalidf("%q is no proof: use proven, unproven or disproven", text)
}

// parseDays reads the first and the last day of a list, in a zone; either may be empty.
func parseDays(from, to string, zone *time.Location) (since, until time.Time, err error) {
	if since, err = parseDay(from, zone); err != nil {
		return since, until, err
	}
	if until, err = parseDay(to, zone); err == nil && !until.IsZero() {
		until = until.AddDate(0, 0, 1)
	}
	return since, until, err
}

func parseDay(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || !storable(day) {
		return time.Time{}, models.Invalidf("%q is not a day: write one such as 2027-03-01", text)
	}
	return day, nil
}

// storable reports whether databases know a time, and the day after it: they end with 9999.
func storable(at time.Time) bool { return at.Year() > 0 && at.Year() < 9999 }

// mark writes a place in a list down for an address: the microsecond and the id of
// what stands before it. It holds although that may be removed.
func mark(at time.Time, id string) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "." + id
}

func parseMark(text string) (models.Cursor, error) {
	if text == "" {
		return models.Cursor{}, nil
	}
	micros, id, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || !storable(time.UnixMicro(at)) || models.CheckID(id) != nil {
		return models.Cursor{}, models.Invalidf("%q is no place in the list: start the list again", text)
	}
	return models.Cursor{CreatedAt: time.UnixMicro(at).UTC(), ID: id}, nil
}
