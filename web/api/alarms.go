package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// ListAlarms answers GET /api/alarms with all alarms, newest first, or with ?Unseen=true
// those that nobody has looked at.
func (h *Handlers) ListAlarms(c *gin.Context) error {
	unseen := false
	err := setAll(c.Request.URL.Query(), map[string]func(string) error{"Unseen": func(v string) (err error) {
		if unseen, err = strconv.ParseBool(v); err != nil {
			return models.Invalidf("Unseen must be true or false")
		}
		return nil
	}})
	if err != nil {
		return err
	}
	found, err := h.Store.Alarms(c.Request.Context(), unseen)
	if err != nil {
		return err
	}
	jobIDs := identity.Jobs(c)
	found = slices.DeleteFunc(found, func(a models.Alarm) bool { return !mayJob(jobIDs, a.JobID) })
	c.PureJSON(http.StatusOK, NewAlarms(found))
	return nil
}

// SeeAlarm answers POST /api/alarms/:id/seen: somebody has looked, so the alarm does not
// keep backups from being deleted any more.
func (h *Handlers) SeeAlarm(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := h.Store.SeeAlarm(c.Request.Context(), id, h.Now()); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
