// Package schedule starts work when it is due. It is the only importer of gocron, which
// wakes it once a second; when something is due, and which slot it is for, comes from
// services/cron, so that every replica names the same instant.
//
// A slot is the scheduled instant itself, never the moment a process woke up. Which
// backups are owed is worked out from the job's row and the clock, and from nothing
// that only a process knows (plan.go): the slots after the newest that was started or
// given up. So it is the same on every replica, and right after a restart, a sleep, or a
// clock that was set. Of several slots that were missed the newest is made up for, when
// that is still worth it; the others are written down as missed. A slot that cannot be
// started stays owed and is tried again until it starts, another replica has it, or the
// next one is near.
//
// backups.go and drills.go are the kinds of scheduled work. Drills that came due while
// no process ran are not made up for.
package schedule
