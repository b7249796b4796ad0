package pages

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// errNoAccounts says that a page is about people, and none are told apart.
func errNoAccounts() error {
	return models.NotFoundf("accounts are switched off in the configuration, so there is nothing here")
}

// refusal returns what a form is shown again with; false for an error that is no fault of
// whoever sent it.
func refusal(c *gin.Context, err error) (*models.Fault, bool) {
	var why *models.Fault
	if !errors.As(err, &why) {
		return nil, false
	}
	identity.NoteRefusal(c, why.Sentence)
	return why, true
}

// form reads the form of a request.
func form(c *gin.Context) error {
	if err := c.Request.ParseForm(); err != nil {
		return formError(err)
	}
	return nil
}

// peopleForm reads a form that is about people; models.ErrNotFound where accounts are
// switched off.
func (h *Handlers) peopleForm(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	return form(c)
}

// field returns a field of a form that was read.
func field(c *gin.Context, name string) string { return c.Request.PostForm.Get(name) }

// secretField returns a field that nobody may see by accident.
func secretField(c *gin.Context, name string) models.Secret { return models.NewSecret(field(c, name)) }

// sameTwice returns models.ErrInvalid unless a new password was typed the same twice.
func sameTwice(password, again models.Secret) error {
	if password.Equal(again) {
		return nil
	}
	return models.Invalidf("the two passwords are not the same: type them again")
}
