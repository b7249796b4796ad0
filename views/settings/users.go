package settings

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/account"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// UserFacts is what is known of the accounts.
type UserFacts struct {
	Users []models.User
	// You is the id of whoever looks.
	You string
	// Fresh is an invitation that was made just now; nil when none was.
	Fresh *Invitation
	// Invited is what was typed into the form of invitations that was refused.
	Invited Invited
	// About is the id of the account whose form was refused, empty for the form of
	// invitations; Problem is why.
	About, Problem string
}

// Invitation is one that was made just now.
type Invitation struct {
	Name, Link string
	// Again says that it is for somebody who had a password before.
	Again bool
}

// Invited is what the form of invitations holds.
type Invited struct {
	Name string
	Role models.Role
}

// UsersView is the page of accounts.
type UsersView struct {
	Page  layout.Page
	Users []User
	Roles []RoleChoice
	Fresh *Invitation
	Name  string
	// Problem is why the form of invitations was refused, or what was asked of an account
	// that is gone.
	Problem string
	// Gone says that whoever looks is signed out by now.
	Gone bool
}

// RoleChoice is a role to choose.
type RoleChoice struct {
	Role     models.Role
	Words    string
	Selected bool
}

// User is one account.
type User struct {
	ID, Name string
	Role     models.Role
	Chips    []components.Chip
	// Provider is who vouches for the person; empty for an account of this server.
	Provider string
	SignedIn components.Moment
	Created  components.Moment
	Factor   bool
	You      bool
	Disabled bool
	// Invited says that the person has not chosen a password yet.
	Invited bool
	// Last says that nobody could say who may do what without this account.
	Last    bool
	Roles   []RoleChoice
	Problem string
}

// Path returns the address below which what is done to the account is sent.
func (u User) Path() string { return UsersPath + "/" + u.ID }

// NewUsersView builds the page.
func NewUsersView(page layout.Page, f UserFacts, now time.Time) UsersView {
	v := UsersView{Page: page, Fresh: f.Fresh, Name: f.Invited.Name, Problem: human.Sentence(f.Problem)}
	selected := f.Invited.Role
	if selected == "" {
		selected = models.RoleOperator
	}
	v.Roles = roleChoices(selected)
	owners := 0
	for _, u := range f.Users {
		if ownerWhoCan(u) {
			owners++
		}
	}
	for _, u := range f.Users {
		line := newUser(u, f.You, now)
		line.Last = owners == 1 && ownerWhoCan(u)
		if f.About == u.ID {
			line.Problem, v.Problem = v.Problem, ""
		}
		v.Users = append(v.Users, line)
	}
	return v
}

// ownerWhoCan reports whether a user is an owner who can sign in.
func ownerWhoCan(u models.User) bool {
	return u.Role == models.RoleOwner && u.DisabledAt == nil && (u.PasswordHash != "" || u.External != nil)
}

func newUser(u models.User, you string, now time.Time) User {
	line := User{
		ID: u.ID, Name: u.Name, Role: u.Role, Provider: u.Issuer, SignedIn: components.Ago(now, u.SignedIn), Created: components.Ago(now, &u.CreatedAt),
		Factor: u.SecondFactor(), You: u.ID == you, Disabled: u.DisabledAt != nil, Invited: u.PasswordHash == "" && u.External == nil, Roles: roleChoices(u.Role),
	}
	if line.You {
		line.Chips = append(line.Chips, components.Chip{Tone: components.ToneQuiet, Icon: "person", Text: "You"})
	}
	if line.Invited {
		line.Chips = append(line.Chips, components.Chip{Tone: components.ToneWarn, Icon: "clock", Text: "Invited"})
	}
	if line.Disabled {
		line.Chips = append(line.Chips, components.Chip{Tone: components.ToneBad, Icon: "stop", Text: "Disabled"})
	}
	if line.Factor {
		line.Chips = append(line.Chips, components.Chip{Tone: components.ToneGood, Icon: "shield", Text: "Second factor"})
	}
	return line
}

func roleChoices(selected models.Role) []RoleChoice {
	var all []RoleChoice
	for _, r := range models.Roles {
		all = append(all, RoleChoice{Role: r, Words: account.RoleWords(r), Selected: r == selected})
	}
	return all
}
