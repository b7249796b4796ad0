// Package compare is the page that tells how two backups of a job differ.
package compare
