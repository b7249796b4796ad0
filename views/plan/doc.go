// Package plan has the forms by which sources and drives are set up, what trying one
// found, and the page that asks before one is removed.
package plan
