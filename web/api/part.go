package api

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// defaultPart is how much of a list is told where nobody says how much.
const defaultPart = 100

// partQuery is which part of a list is asked for.
type partQuery struct {
	limit int
	// after is the id that the part starts behind; empty for the start.
	after string
}

// parsePart reads the query of a list that is told in parts: Limit, After and what
// narrows it. As with the list of backups, what is not understood is an error.
func parsePart(values url.Values, narrows map[string]func(string) error) (partQuery, error) {
	q := partQuery{limit: defaultPart}
	known := map[string]func(string) error{
		"Limit": func(v string) (err error) { q.limit, err = parseLimit(v); return err },
		"After": func(v string) error { q.after = v; return models.CheckID(v) },
	}
	for name, set := range narrows {
		known[name] = set
	}
	err := setAll(values, known)
	return q, err
}

// setAll hands every parameter of a query to what is known of it. Names are read in any
// case, and each may be given once.
func setAll(values url.Values, known map[string]func(string) error) error {
	for name, given := range values {
		set := lookUp(known, name)
		switch {
		case set == nil:
			return models.Invalidf("there is no query parameter %q: use %s", name, names(known))
		case len(given) > 1:
			return models.Invalidf("the query parameter %s was given %d times: give it once", name, len(given))
		case given[0] == "":
			return models.Invalidf("the query parameter %s is empty: give it a value or leave it out", name)
		}
		if err := set(given[0]); err != nil {
			return err
		}
	}
	return nil
}

func lookUp(known map[string]func(string) error, name string) func(string) error {
	for k, set := range known {
		if strings.EqualFold(k, name) {
			return set
		}
	}
	return nil
}

// names lists what is known: "After, Limit or Status".
func names(known map[string]func(string) error) string {
	var all []string
	for name := range known {
		all = append(all, name)
	}
	slices.Sort(all)
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// place finds the place in a list behind the entry of an id; an empty id is the start.
func place[T any](after string, find func() (T, error), cursor func(T) models.Cursor) (models.Cursor, error) {
	if after == "" {
		return models.Cursor{}, nil
	}
	entry, err := find()
	if errors.Is(err, models.ErrNotFound) {
		return models.Cursor{}, models.Invalidf("After names %s, which is not there any more: start the list again without After", after)
	}
	if err != nil {
		return models.Cursor{}, err
	}
	return cursor(entry), nil
}
