// Package notifiers shows who is told of what, and what was sent.
package notifiers
