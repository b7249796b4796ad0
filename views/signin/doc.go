// Package signin is the pages of those who are not signed in: the sign-in, its second
// step, and the page on which an invitation is used.
package signin
