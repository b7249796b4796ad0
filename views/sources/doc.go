// Package sources has the list of the databases that can be backed up, and the page of one.
package sources
