// Package drives holds tests of backups onto every kind of drive, with real servers and
// with faults at every stage between them.
package drives
