package settings

import (
	"maps"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// SecretFacts is what is known of the stored secrets. No value is.
type SecretFacts struct {
	Stored []models.StoredSecret
	// Uses is what the configuration uses each for, by name.
	Uses map[string][]string
	// Name is what was typed into a form that was refused, and Problem why.
	Name, Problem string
	// Done says what has just been done; empty otherwise.
	Done string
}

// SecretsView is the page of secrets.
type SecretsView struct {
	Page    layout.Page
	Secrets []SecretLine
	// Missing counts those that are used and not set.
	Missing int
	Name    string
	Problem string
	Done    string
}

// SecretLine is one secret, without its value.
type SecretLine struct {
	Name string
	Uses []string
	Set  bool
	// SetBy and When tell of the newest change.
	SetBy   string
	When    components.Moment
	Problem string
}

// NewSecretsView builds the page: what is missing first, then by name.
func NewSecretsView(page layout.Page, f SecretFacts, now time.Time) SecretsView {
	v := SecretsView{Page: page, Name: f.Name, Problem: human.Sentence(f.Problem), Done: f.Done}
	lines := map[string]SecretLine{}
	for name, uses := range f.Uses {
		lines[name] = SecretLine{Name: name, Uses: uses}
	}
	for _, s := range f.Stored {
		line := lines[s.Name]
		line.Name, line.Set, line.SetBy = s.Name, true, s.SetBy
		line.When = components.Ago(now, &s.CreatedAt)
		if s.UpdatedAt != nil {
			line.When = components.Ago(now, s.UpdatedAt)
		}
		lines[s.Name] = line
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		line := lines[name]
		if name == f.Name && f.Problem != "" {
			line.Problem, v.Problem, v.Name = v.Problem, "", ""
		}
		if !line.Set {
			v.Missing++
		}
		v.Secrets = append(v.Secrets, line)
	}
	slices.SortStableFunc(v.Secrets, func(a, b SecretLine) int { return rank(a) - rank(b) })
	return v
}

func rank(s SecretLine) int {
	if s.Set {
		return 1
	}
	return 0
}
