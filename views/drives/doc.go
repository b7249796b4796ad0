// Package drives is the page of drives: whether each works, what it keeps, and how
// to let this program in.
package drives
