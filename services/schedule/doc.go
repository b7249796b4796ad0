// Package schedule starts work when it is due. It is the only importer of
// gocron, which wakes it; when that is, and which slot it is for, comes from
// services/cron, so that every replica names the same instant.
//
// There is one file per kind of scheduled work: backups.go and drills.go.
//
// A slot is the scheduled instant itself, never the moment a process woke up.
// A timer that fires early or late, a clock that is set, a machine that slept:
// each gives the right slot, once, and of several slots missed during a sleep
// only the newest. A slot that could not be started, because the metadata
// database was away, say, stays owed and is tried again until it starts, another
// replica has it, or a newer slot of the job is due. What came due while no process
// ran is not made up for.
package schedule
