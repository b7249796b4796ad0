package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/views/alarms"
)

// SeeAlarm answers POST /alarms/:id/seen: a person has looked.
func (h *Handlers) SeeAlarm(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := h.Proof.SeeAlarm(c.Request.Context(), id, h.Now()); err != nil {
		return err
	}
	return seeOther(c, alarms.BackPath(c.Request.URL.Query()))
}
