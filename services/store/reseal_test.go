package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func testReseal(t *testing.T, s *Store) {
	ctx := t.Context()
	ida, otto := person("ida", models.RoleViewer), person("otto", models.RoleViewer)
	ida.TOTPSecret = "old.totp"
	added(t, s, ida)
	added(t, s, otto)
	must(t, s.db.Create(&models.StoredSecret{Name: "shop/password", Sealed: "old.secret", CreatedAt: models.Now()}).Error)
	must(t, s.db.Create(&models.Fact{Name: "installation", Value: "open"}).Error)
	value(s.SharedFact(ctx, signingKeyFact, "old.key"))(t)

	broken := errors.New("broken")
	_, err := s.Reseal(ctx, func(row, _, sealed string) (string, error) {
		if row == "facts/signing_key" {
			return "", broken
		}
		return "new" + sealed, nil
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	mentions(t, err, "facts/signing_key")
	equal(t, "what is sealed after a failure", value(s.User(ctx, ida.ID))(t).TOTPSecret, "old.totp")

	anew := func(row, field, sealed string) (string, error) {
		return row + "|" + field + "|" + strings.TrimPrefix(sealed, "old."), nil
	}
	equal(t, "how many were sealed anew", value(s.Reseal(ctx, anew))(t), 3)
	equal(t, "the second factor", value(s.User(ctx, ida.ID))(t).TOTPSecret, "users/"+ida.ID+"|totp_secret|totp")
	equal(t, "nobody's second factor", value(s.User(ctx, otto.ID))(t).TOTPSecret, "")
	equal(t, "the key of links", value(s.SharedFact(ctx, signingKeyFact, ""))(t), "facts/signing_key|value|key")
	equal(t, "what is not sealed", value(s.SharedFact(ctx, "installation", ""))(t), "open")
	var secret models.StoredSecret
	must(t, s.db.Take(&secret).Error)
	equal(t, "the secret", secret.Sealed, "stored_secrets/shop/password|sealed|secret")
	same := func(_, _, sealed string) (string, error) { return sealed, nil }
	equal(t, "how many were sealed anew that are already", value(s.Reseal(ctx, same))(t), 0)
}
