package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/backupman/backupman/models"
)

// readObject reads a JSON object of known keys; an empty body is an empty object.
func readObject(body io.Reader, into any, example string) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	err = strict(bytes.NewReader(text), into)
	var fault *models.Fault
	if errors.As(err, &fault) {
		return err
	}
	if err != nil {
		return models.Invalidf("the request must be empty or an object such as %s", example)
	}
	return nil
}

// strict decodes one JSON value that has no unknown keys.
func strict(from io.Reader, into any) error {
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one value")
	}
	return nil
}
