// Package restores is the pages on which backups are brought back: the two steps that
// ask what and where, the restore while it runs and after it, and the list of all.
package restores
