// Package runs shows what restores and drills have in common while they run: the
// steps they go through, and how far the present one has come.
package runs
