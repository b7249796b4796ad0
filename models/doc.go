// Package models holds the words of Backupman: sources, drives, jobs, backups,
// drive files, manifests, and the errors every other package speaks in.
//
// It does no I/O and imports nothing else of this project, so that any package
// may import it. Fields carry gorm tags where the store needs them and no JSON
// tags: the shapes the API answers with are declared in web/api.
//
// Times are UTC with microsecond precision, sizes are bytes, digests are
// lower-case hexadecimal SHA-256, and ids are UUIDv7 in their 36 character form.
package models
