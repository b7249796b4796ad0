// Package backups is the list of backups and the page of one.
package backups
