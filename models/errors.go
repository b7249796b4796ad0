package models

import (
	"errors"
	"fmt"
)

// The kinds of error that callers tell apart with errors.Is. Everything else
// is internal: it is logged, and a person is shown a general sentence.
var (
	// ErrNotFound says that the named thing does not exist.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that the thing exists but is in a state that forbids the request.
	ErrConflict = errors.New("conflict")
	// ErrBusy is the ErrConflict that passes by itself: what forbids the request now is
	// still running.
	ErrBusy = fmt.Errorf("busy: %w", ErrConflict)
	// ErrInvalid says that the request itself is wrong.
	ErrInvalid = errors.New("invalid")
	// ErrUnauthorized says that the caller has not shown who it is.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrTooMany is the ErrUnauthorized that passes by itself: too many tries have failed,
	// and none is looked at for a while.
	ErrTooMany = fmt.Errorf("too many tries: %w", ErrUnauthorized)
	// ErrForbidden says that the caller may not do this, whoever it is.
	ErrForbidden = errors.New("forbidden")
	// ErrNoSpace says that a disk is full. It is told from other faults because
	// a person can mend it.
	ErrNoSpace = errors.New("no space left")
)

// Fault is an error of one of the kinds above whose sentence may be shown to a
// person: it names the thing and the way out and holds no internals.
type Fault struct {
	Kind     error
	Sentence string
}

func (f *Fault) Error() string { return f.Sentence }

// Unwrap returns the kind, so that errors.Is(err, ErrNotFound) holds.
func (f *Fault) Unwrap() error { return f.Kind }

// NotFoundf returns a Fault of kind ErrNotFound.
func NotFoundf(format string, args ...any) error {
	return &Fault{Kind: ErrNotFound, Sentence: fmt.Sprintf(format, args...)}
}

// Conflictf returns a Fault of kind ErrConflict.
func Conflictf(format string, args ...any) error {
	return &Fault{Kind: ErrConflict, Sentence: fmt.Sprintf(format, args...)}
}

// Busyf returns a Fault of kind ErrBusy, which is an ErrConflict, too.
func Busyf(format string, args ...any) error {
	return &Fault{Kind: ErrBusy, Sentence: fmt.Sprintf(format, args...)}
}

// Invalidf returns a Fault of kind ErrInvalid.
func Invalidf(format string, args ...any) error {
	return &Fault{Kind: ErrInvalid, Sentence: fmt.Sprintf(format, args...)}
}

// Unauthorizedf returns a Fault of kind ErrUnauthorized.
func Unauthorizedf(format string, args ...any) error {
	return &Fault{Kind: ErrUnauthorized, Sentence: fmt.Sprintf(format, args...)}
}

// NoSpacef returns a Fault of kind ErrNoSpace.
func NoSpacef(format string, args ...any) error {
	return &Fault{Kind: ErrNoSpace, Sentence: fmt.Sprintf(format, args...)}
}
