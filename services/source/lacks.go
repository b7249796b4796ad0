package source

import "slices"

// lack is something that an account may not do and a dump needs.
type lack struct {
	// problem is a sentence, with the way out.
	problem string
	// grants are the statements that mend it, each whole, with its semicolon.
	grants []string
}

type lacks []lack

func (all lacks) problems() []string {
	var problems []string
	for _, l := range all {
		problems = append(problems, l.problem)
	}
	return problems
}

// grants are the statements that mend all of it, each once.
func (all lacks) grants() []string {
	var grants []string
	for _, l := range all {
		for _, g := range l.grants {
			if !slices.Contains(grants, g) {
				grants = append(grants, g)
			}
		}
	}
	return grants
}

// closedError says that an account may sign in, and may not open its database.
type closedError struct{ error }

func (e *closedError) Unwrap() error { return e.error }
