package models

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// NewID returns a new UUIDv7 (RFC 9562). Ids made later sort after earlier
// ones, which lets the store page through backups by id.
func NewID() string {
	return uuid.Must(uuid.NewV7()).String()
}

// CheckID returns ErrInvalid when id is not a UUID in its 36 character form.
func CheckID(id string) error {
	if len(id) != 36 || uuid.Validate(id) != nil {
		return Invalidf("%q is not an id: an id looks like %s", id, "0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b")
	}
	return nil
}

// Now returns the present time as the store keeps it: UTC, in microseconds.
func Now() time.Time {
	return time.Now().UTC().Truncate(time.Microsecond)
}

// ShortID returns the end of an id, enough to tell two backups apart in a file
// name. The random part of a UUIDv7 is at its end.
func ShortID(id string) string {
	if len(id) < 18 {
		return id
	}
	return fmt.Sprintf("%s%s", id[14:18], id[len(id)-8:])
}
