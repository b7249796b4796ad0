// Package notify tells people when something needs them. What has happened is read from the
// metadata every few seconds, so that nothing has to be told by what makes it happen, and
// nothing is lost by a crash. Each event becomes a row for each notifier that wants it, once,
// whatever the number of servers; each row is sent by one server at a time, tried again
// after growing pauses, and given up in the end.
//
// A row is sent at least once: a server that dies between sending and writing that down
// leaves it to another one, which sends it again.
package notify
