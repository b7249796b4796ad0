// Package setup is the guided way from nothing to the first backup.
package setup
