// Package proof holds the tests of the one promise that matters: that what was
// backed up comes back, and that what would not is never called proven.
//
// They restore databases which hold everything that is easily lost and compare them
// by other means than the program's own digests; spoil copies byte by byte and want
// every fault found before a target is touched; let backups lie and want none of them
// proven; and kill drills and want nothing left of them.
package proof
