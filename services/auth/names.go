package auth

import (
	"regexp"
	"strings"

	"github.com/backupman/backupman/models"
)

// namePattern is what an account may be called: what looks the same is the same.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,127}$`)

// lower is a name as it is kept; ok is false when nobody can be called so.
func lower(text string) (kept string, ok bool) {
	kept = strings.ToLower(strings.TrimSpace(text))
	return kept, namePattern.MatchString(kept)
}

func checkName(text string) (string, error) {
	kept, ok := lower(text)
	if !ok {
		return "", models.Invalidf("that is not a name of an account: use letters from a to z, digits, and . _ @ + -, at most 128, and begin with a letter or a digit")
	}
	return kept, nil
}

func checkRole(r models.Role) error {
	if r.Scopes() == nil {
		return models.Invalidf("%q is not a role: choose %s, %s or %s", string(r), models.RoleOwner, models.RoleOperator, models.RoleViewer)
	}
	return nil
}
