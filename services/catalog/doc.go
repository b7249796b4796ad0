// Package catalog knows what is configured, secrets included, and opens it.
//
// The store keeps rows without secrets, so that a copy of the metadata database
// opens nothing; the configuration has the secrets, and labels instead of ids.
// The catalog holds both together. A new configuration takes the place of the
// old one at once: whoever opens a source or a drive gets all of the old
// settings or all of the new ones.
package catalog
