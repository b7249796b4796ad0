package account

import (
	"encoding/base64"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// Path is the address of the page, below which its forms are sent.
const Path = "/account"

// Form names a form of the page.
type Form string

// The forms that can be refused.
const (
	PasswordForm Form = "password"
	FactorForm   Form = "factor"
	RemoveForm   Form = "remove"
	CodesForm    Form = "codes"
)

// Facts is what is known of the account.
type Facts struct {
	User     models.User
	Sessions []models.Session
	// SessionID is the session of this browser.
	SessionID string
	// Provider is what the identity provider is called; empty when there is none.
	Provider string
	// Refused is the form that was refused, and Problem why; empty when none was.
	Refused Form
	Problem string
	// Done says what has just been done; empty otherwise.
	Done string
}

// View is the page.
type View struct {
	Page layout.Page
	Name string
	Role models.Role
	// RoleWords say what the role may do.
	RoleWords string
	// Outside is what the provider is called that vouches for the person, who then has no
	// password here.
	Outside string
	// Factor is since when there is a second factor, and Codes how many recovery codes
	// are left.
	Factor   components.Moment
	Codes    int
	Sessions []Session
	// Others counts the sessions but this one.
	Others  int
	Refused Form
	Problem string
	Done    string
}

// Session is one browser.
type Session struct {
	ID, Address, Browser, Agent string
	// How says how the person signed in there.
	How         string
	Since, Seen components.Moment
	// Here marks this browser, Half one that has not shown its code yet.
	Here, Half bool
}

// problem is why a form was refused; empty for the others.
func (v View) problem(f Form) string {
	if v.Refused != f {
		return ""
	}
	return v.Problem
}

// NewView builds the page.
func NewView(page layout.Page, f Facts, now time.Time) View {
	v := View{
		Page: page, Name: f.User.Name, Role: f.User.Role, RoleWords: RoleWords(f.User.Role), Factor: components.Ago(now, f.User.TOTPAt),
		Codes: len(f.User.RecoveryCodes), Refused: f.Refused, Problem: human.Sentence(f.Problem), Done: f.Done,
	}
	if f.User.PasswordHash == "" && f.User.External != nil {
		v.Outside = f.Provider
		if v.Outside == "" {
			v.Outside = "an identity provider"
		}
	}
	for _, s := range f.Sessions {
		v.Sessions = append(v.Sessions, newSession(s, f.SessionID, now))
	}
	slices.SortStableFunc(v.Sessions, func(a, b Session) int { return order(a) - order(b) })
	for _, s := range v.Sessions {
		if !s.Here {
			v.Others++
		}
	}
	return v
}

// order puts this browser first.
func order(s Session) int {
	if s.Here {
		return 0
	}
	return 1
}

func newSession(s models.Session, here string, now time.Time) Session {
	return Session{
		ID: s.ID, Address: s.Address, Browser: Browser(s.Agent), Agent: s.Agent, How: howWords(s.Method), Here: s.ID == here, Half: s.Half,
		Since: components.Ago(now, &s.CreatedAt), Seen: components.Ago(now, &s.SeenAt),
	}
}

// howWords say with what somebody signed in.
func howWords(method string) string {
	switch method {
	case "link":
		return "an invitation"
	case "identity provider":
		return "an " + method
	case "recovery code":
		return "a password and a recovery code"
	case "password and code":
		return "a password and a code"
	}
	return "a " + method
}

// RoleWords say what a role may do.
func RoleWords(r models.Role) string {
	switch r {
	case models.RoleOwner:
		return "may do everything, also restore over databases, delete, and say who may do what"
	case models.RoleOperator:
		return "may see everything, run and prove backups, download them, and restore to where nothing is overwritten"
	case models.RoleViewer:
		return "may see everything but what is in the dumps, and change nothing"
	}
	return "may do nothing"
}

// FactorView is the page on which a second factor is set up.
type FactorView struct {
	Page layout.Page
	Name string
	// Image is the QR code, as an address.
	Image, Secret, Problem string
}

// NewFactorView builds the page. The image is a PNG.
func NewFactorView(page layout.Page, name, secret string, image []byte, problem string) FactorView {
	v := FactorView{Page: page, Name: name, Secret: grouped(secret), Problem: human.Sentence(problem)}
	if len(image) > 0 {
		v.Image = "data:image/png;base64," + base64.StdEncoding.EncodeToString(image)
	}
	return v
}

// grouped sets a secret in fours, as it is typed.
func grouped(secret string) string {
	var b []byte
	for i := range len(secret) {
		if i > 0 && i%4 == 0 {
			b = append(b, ' ')
		}
		b = append(b, secret[i])
	}
	return string(b)
}

// CodesView shows recovery codes, once.
type CodesView struct {
	Page  layout.Page
	Name  string
	Codes []string
	// Fresh says that the second factor was switched on just now.
	Fresh bool
	// Made is the day on which they were made.
	Made string
}
