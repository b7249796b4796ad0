// Package cron is the clock of jobs: it reads plain words and cron expressions in a
// time zone and tells when the next slot is, the same on every replica.
//
// It has a clock of its own because the common ones lose a slot that daylight
// saving removes, and a nightly backup at half past two must not be missing on
// one night of the year. The rules, in local time:
//
//   - A slot in an hour that is skipped runs once, at the first instant after
//     the gap; several such slots become that one.
//   - A slot in an hour that comes twice runs once, the first time.
//   - An expression that names every hour means elapsed time, not times of
//     day: it runs in both of two equal hours and has nothing to catch up
//     after a gap.
//   - "@every 6h" counts from the start of the Unix epoch, so that its slots do
//     not depend on when a process started.
//   - Of a schedule in a Window the slots outside it do not exist. What counts is the
//     time that the expression names, so that a slot which is moved to the end of a
//     gap stays one of the window it was written for.
package cron
