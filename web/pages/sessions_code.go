package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/signin"
)

// CodePage answers GET /sign-in/code for who has shown a password, and not yet the code.
func (h *Handlers) CodePage(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	next := localPath(c.Query("next"))
	user, half, err := h.half(c)
	if err != nil {
		return err
	}
	if !half {
		return seeOther(c, withNext(signInPath, next))
	}
	return h.showCode(c, http.StatusOK, signin.CodeView{Name: user.Name, Next: next})
}

// half returns whose session waits for its code in this browser; false when none does.
func (h *Handlers) half(c *gin.Context) (models.User, bool, error) {
	token := h.Cookies.Session(c)
	if token == "" {
		return models.User{}, false, nil
	}
	user, err := h.Accounts.Half(c.Request.Context(), token)
	if errors.Is(err, models.ErrUnauthorized) {
		return models.User{}, false, nil
	}
	return user, err == nil, err
}

func (h *Handlers) showCode(c *gin.Context, status int, v signin.CodeView) error {
	v.Page = layout.Page{Title: "Second factor"}
	return Render(c, status, signin.ShowCode(v))
}

// EnterCode answers POST /sign-in/code.
func (h *Handlers) EnterCode(c *gin.Context) error {
	if err := h.peopleForm(c); err != nil {
		return err
	}
	next := localPath(field(c, "next"))
	in, err := h.Accounts.SecondFactor(c.Request.Context(), h.Cookies.Session(c), secretField(c, "code"), h.client(c))
	if why, refused := refusal(c, err); refused {
		return h.refusedCode(c, next, why)
	}
	if err != nil {
		return err
	}
	return h.enter(c, in, next)
}

// refusedCode asks again, or for the password again where the time for the code is over.
func (h *Handlers) refusedCode(c *gin.Context, next string, why *models.Fault) error {
	user, half, err := h.half(c)
	if err != nil {
		return err
	}
	problem := human.Sentence(why.Sentence)
	if !half {
		return h.showSignIn(c, faultStatus(why), signin.View{Next: next, Problem: problem})
	}
	noteUser(c, user, "")
	return h.showCode(c, faultStatus(why), signin.CodeView{Name: user.Name, Next: next, Problem: problem})
}
