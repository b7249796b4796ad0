package pages

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/signin"
	"github.com/backupman/backupman/web/origin"
)

// ProviderBack is where the identity provider sends people back to.
const ProviderBack = "/sign-in/provider/back"

func (h *Handlers) providerBack(c *gin.Context) string {
	return origin.Of(c.Request, h.AppURL, h.Proxies) + ProviderBack
}

// BeginProvider answers POST /sign-in/provider with a page that leads on to the identity
// provider by itself. A redirect would not do: browsers hold a form to the policy of its
// page also where the answer sends them elsewhere.
func (h *Handlers) BeginProvider(c *gin.Context) error {
	if err := h.peopleForm(c); err != nil {
		return err
	}
	next := localPath(field(c, "next"))
	address, state, err := h.Accounts.BeginProvider(c.Request.Context(), h.providerBack(c), next)
	if err == nil && !webAddress(address) {
		err = models.Invalidf("the address of the identity provider is no address of a page: see oidc in the configuration")
	}
	if why, refused := refusal(c, err); refused {
		return h.showSignIn(c, faultStatus(why), signin.View{Next: next, Problem: human.Sentence(why.Sentence)})
	}
	if err != nil {
		return err
	}
	h.Cookies.SetState(c, state)
	view := signin.AwayView{Page: layout.Page{Title: "To " + h.Accounts.Provider(), Onward: address}, Provider: h.Accounts.Provider(), Address: address}
	return Render(c, http.StatusOK, signin.ShowAway(view))
}

// webAddress reports whether an address is one of a page.
func webAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// EndProvider answers GET /sign-in/provider/back, where the identity provider sends people
// back to. It begins a session although it is a GET: that is how providers answer, and the
// state that only this browser keeps stands for the form.
func (h *Handlers) EndProvider(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	in, next, err := h.Accounts.EndProvider(c.Request.Context(), h.providerBack(c), h.Cookies.TakeState(c), c.Request.URL.Query(), h.client(c))
	if why, refused := refusal(c, err); refused {
		return h.showSignIn(c, faultStatus(why), signin.View{Next: localPath(next), Problem: human.Sentence(why.Sentence)})
	}
	if err != nil {
		return err
	}
	return h.enter(c, in, next)
}
