package middleware

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/cookies"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
)

// ErrSignedOut says that a page is for people who signed in.
var ErrSignedOut = errors.New("not signed in")

// ErrUnclaimed says that nobody can sign in yet, because there is no owner.
var ErrUnclaimed = errors.New("no owner yet")

// Who finds out who asks.
type Who struct {
	// Accounts are nil where they are switched off: whoever reaches this machine's own
	// address may then do everything, and programs show one of Keys.
	Accounts identity.Accounts
	Keys     *Keys
	Jar      cookies.Jar
	Proxies  origin.Proxies
	Refuse   Refuse
}

// Person finds out which person asks for a page, by the session's cookie alone. Nobody is
// no error.
func (w *Who) Person() gin.HandlerFunc {
	return guard(w.Refuse, func(c *gin.Context) error {
		from := origin.Client(c.Request, w.Proxies)
		if w.Accounts == nil {
			identity.Set(c, local(from))
			return nil
		}
		return w.session(c, from)
	})
}

// Program finds out who asks the API: a program by its key, or a person by the session's
// cookie where no key is shown. A key that opens nothing is refused, whatever else is shown.
func (w *Who) Program() gin.HandlerFunc {
	return guard(w.Refuse, func(c *gin.Context) error {
		from := origin.Client(c.Request, w.Proxies)
		if w.Accounts == nil {
			return w.configured(c, from)
		}
		key, shown := shownKey(c.Request)
		if !shown {
			return w.session(c, from)
		}
		actor, err := w.Accounts.CheckKey(c.Request.Context(), key, from)
		if err != nil {
			identity.Set(c, nobody(from))
			return err
		}
		actor.Client = from
		identity.Set(c, actor)
		return nil
	})
}

// Stranger notes that somebody asks who has to show something else than a key or a session.
func (w *Who) Stranger(c *gin.Context) { identity.Set(c, nobody(origin.Client(c.Request, w.Proxies))) }

// session finds out whose session the cookie is. A half one is nobody's: it is good for
// entering a code, whose handler looks at the cookie itself.
func (w *Who) session(c *gin.Context, from models.Client) error {
	identity.Set(c, nobody(from))
	token := w.Jar.Session(c)
	if token == "" {
		return nil
	}
	user, session, err := w.Accounts.Session(c.Request.Context(), token, from)
	if errors.Is(err, models.ErrUnauthorized) || err == nil && session.Half {
		return nil
	}
	if err != nil {
		return err
	}
	identity.Set(c, models.Actor{Kind: models.ActorUser, ID: user.ID, Name: user.Name, Role: user.Role, Scopes: user.Role.Scopes(), SessionID: session.ID, Client: from})
	return nil
}

// configured is who uses the API where accounts are switched off.
func (w *Who) configured(c *gin.Context, from models.Client) error {
	identity.Set(c, nobody(from))
	keyed, err := w.Keys.Check(c.Request)
	if err != nil {
		return err
	}
	actor := local(from)
	if keyed {
		actor.Kind, actor.Name = models.ActorKey, "a key of the configuration"
	}
	identity.Set(c, actor)
	return nil
}

func local(from models.Client) models.Actor {
	return models.Actor{Kind: models.ActorLocal, Name: "this machine", Scopes: models.Scopes{models.ScopeAdmin}, Client: from}
}

func nobody(from models.Client) models.Actor {
	return models.Actor{Kind: models.ActorNobody, Name: "nobody", Client: from}
}

// RequireSignedIn lets only pages through that somebody asks for who is known.
func (w *Who) RequireSignedIn() gin.HandlerFunc {
	return guard(w.Refuse, func(c *gin.Context) error {
		if identity.Of(c).Kind != models.ActorNobody {
			return nil
		}
		claimed, err := w.Accounts.Claimed(c.Request.Context())
		switch {
		case err != nil:
			return err
		case !claimed:
			return ErrUnclaimed
		}
		return ErrSignedOut
	})
}

// RequireShown lets only requests of the API through of somebody who is known.
func (w *Who) RequireShown() gin.HandlerFunc {
	return guard(w.Refuse, func(c *gin.Context) error {
		if identity.Of(c).Kind != models.ActorNobody {
			return nil
		}
		return unauthorized("an API key is needed: send it as X-Api-Key or as Authorization: Bearer")
	})
}

// may completes the sentence "X may not".
var may = map[models.Scope]string{
	models.ScopeRead:    "look at this",
	models.ScopeRun:     "start or stop anything here",
	models.ScopeRestore: "download or restore dumps",
	models.ScopeAdmin:   "do this, which is for owners",
}

// RequireScope lets only requests through of somebody who may do what needs a scope.
func RequireScope(need models.Scope, refuse Refuse) gin.HandlerFunc {
	return guard(refuse, func(c *gin.Context) error { return identity.Require(c, need, may[need]) })
}

// RequirePerson lets only people through who signed in: it is about their own account.
func RequirePerson(refuse Refuse) gin.HandlerFunc {
	return guard(refuse, func(c *gin.Context) error {
		if identity.Of(c).Kind == models.ActorUser {
			return nil
		}
		return &models.Fault{Kind: models.ErrForbidden, Sentence: "this is about the account of a person: sign in as one"}
	})
}
