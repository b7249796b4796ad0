// Package landing is the page that answers one question first: can I restore,
// from what, as of when?
package landing
