package signin

import "github.com/backupman/backupman/views/layout"

// View is the sign-in.
type View struct {
	Page layout.Page
	// Name is what was typed before. A password is never shown again.
	Name string
	// Next is the page that was wanted.
	Next string
	// Problem says why nobody was let in; empty at first.
	Problem string
	// Provider is what the identity provider is called; empty when there is none.
	Provider string
	// SignedOut says that somebody has just signed out here.
	SignedOut bool
}

// CodeView is the second step of a sign-in.
type CodeView struct {
	Page          layout.Page
	Name          string
	Next, Problem string
}

// ClaimView is the page on which an invitation is used.
type ClaimView struct {
	Page  layout.Page
	Token string
	// First says that the invitation makes the first owner, who chooses a name.
	First bool
	// Name is the invited person's, or what the first owner typed.
	Name string
	// Role is the invited person's; Again says that the password is chosen anew.
	Role  string
	Again bool
	// Problem says what was wrong with what was typed; empty when nothing was.
	Problem string
}

// AwayView sends the browser on to the identity provider.
type AwayView struct {
	Page     layout.Page
	Provider string
	// Address is where the provider's page is.
	Address string
}
