// Package settings is the pages on which owners say who may do what, keep secrets, and
// look at what was done.
package settings
