package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/backupman/backupman/models"
)

// more adds what only the provider's page about the person says, when the token lacks the
// groups or a name.
func (p *provider) more(ctx context.Context, known *oidc.Provider, token *oauth2.Token, subject string, claims map[string]any) error {
	_, grouped := claims[p.config.GroupsClaim]
	if (grouped || p.config.GroupsClaim == "") && nameIn(claims) != "" || known.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := known.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return fmt.Errorf("ask about the person: %w", err)
	}
	if info.Subject != subject {
		return errors.New("ask about the person: the answer is about another")
	}
	further := map[string]any{}
	if err := info.Claims(&further); err != nil {
		return fmt.Errorf("ask about the person: %w", err)
	}
	for claim, v := range further {
		if _, known := claims[claim]; !known {
			claims[claim] = v
		}
	}
	return nil
}

// nameIn is what a person is called here.
func nameIn(claims map[string]any) string {
	for _, claim := range []string{"preferred_username", "email"} {
		if text, ok := claims[claim].(string); ok {
			if kept, ok := lower(text); ok {
				return kept
			}
		}
	}
	return ""
}

// texts are those of a claim, which is a list, or one text.
func texts(claim any) []string {
	switch v := claim.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// role is the strongest that a person's groups give.
func (c ProviderConfig) role(groups []string) models.Role {
	for _, role := range models.Roles {
		if slices.ContainsFunc(c.Roles[role], func(group string) bool { return slices.Contains(groups, group) }) {
			return role
		}
	}
	return c.DefaultRole
}

// external is what a person of a provider is kept as.
func external(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\n" + subject))
	return hex.EncodeToString(sum[:])
}
