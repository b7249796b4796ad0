// Package components holds the few parts that every page is made of, so that a
// status, a time or a button looks and reads the same wherever it stands. They
// take view models and never entities.
package components
