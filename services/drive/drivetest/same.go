package drivetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// same compares two streams without keeping them.
func same(got, want io.Reader) error {
	a, b := make([]byte, 256<<10), make([]byte, 256<<10)
	for at := int64(0); ; {
		n, err := io.ReadFull(got, a)
		m, _ := io.ReadFull(want, b)
		if n != m || !bytes.Equal(a[:n], b[:m]) {
			return errors.Join(fmt.Errorf("it differs within the %d bytes from %d on, of which %d came", m, at, n), err)
		}
		at += int64(n)
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return fmt.Errorf("reading broke after %d bytes: %w", at, err)
		}
	}
}
