package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Sessions is the envelope of a list of sessions.
type Sessions struct {
	Results []Session `json:"Results"`
}

// Session is one browser in which a person is signed in.
type Session struct {
	ID      string `json:"Id"`
	Address string `json:"Address"`
	Agent   string `json:"Agent"`
	// Method is how the person signed in.
	Method string `json:"Method"`
	// Current says that it is the session that asks.
	Current   bool      `json:"Current"`
	CreatedAt time.Time `json:"CreatedAt"`
	SeenAt    time.Time `json:"SeenAt"`
	ExpiresAt time.Time `json:"ExpiresAt"`
}

// ListSessions answers GET /api/sessions with the person's own.
func (h *Handlers) ListSessions(c *gin.Context) error {
	me := identity.Of(c)
	found, err := h.Accounts.Sessions(c.Request.Context(), me.ID)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewSessions(found, me.SessionID))
	return nil
}

// NewSessions tells the sessions of a person; currentID is the one that asks.
func NewSessions(found []models.Session, currentID string) Sessions {
	told := Sessions{Results: make([]Session, 0, len(found))}
	for _, s := range found {
		if s.Half {
			continue // nobody is signed in with it yet
		}
		told.Results = append(told.Results, Session{ID: s.ID, Address: s.Address, Agent: s.Agent, Method: s.Method, Current: s.ID == currentID,
			CreatedAt: whole(s.CreatedAt), SeenAt: whole(s.SeenAt), ExpiresAt: whole(s.ExpiresAt)})
	}
	return told
}

// EndSession answers DELETE /api/sessions/:id, which ends one of the person's own.
func (h *Handlers) EndSession(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := h.Accounts.EndSession(c.Request.Context(), identity.Of(c).ID, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
