package store

import (
	"testing"

	"github.com/backupman/backupman/models"
)

func testReplaceFact(t *testing.T, s *Store) {
	equal(t, "what is shared", value(s.SharedFact(t.Context(), "key", "one"))(t), "one")
	must(t, s.ReplaceFact(t.Context(), "key", "another", "two"))
	equal(t, "what another had changed", value(s.SharedFact(t.Context(), "key", "x"))(t), "one")
	must(t, s.ReplaceFact(t.Context(), "key", "one", "two"))
	equal(t, "what was changed", value(s.SharedFact(t.Context(), "key", "x"))(t), "two")
	equal(t, "what has another name", value(s.SharedFact(t.Context(), "other", "x"))(t), "x")
}

func testStoredSecrets(t *testing.T, s *Store) {
	ctx := t.Context()
	_, err := s.StoredSecret(ctx, "s3")
	wants(t, err, models.ErrNotFound)
	wants(t, s.RemoveStoredSecret(ctx, "s3"), models.ErrNotFound)
	equal(t, "the number of secrets", len(value(s.StoredSecrets(ctx))(t)), 0)
	must(t, s.SetStoredSecret(ctx, models.StoredSecret{Name: "s3", Sealed: "bm1.a.AAAA", SetBy: "ann"}))
	must(t, s.SetStoredSecret(ctx, models.StoredSecret{Name: "S3", Sealed: "bm1.a.BBBB", SetBy: "ann"}))
	must(t, s.SetStoredSecret(ctx, models.StoredSecret{Name: "db/shop", Sealed: "bm1.a.CCCC", SetBy: "ann"}))
	first := value(s.StoredSecret(ctx, "s3"))(t)
	if first.UpdatedAt != nil || first.CreatedAt.IsZero() {
		t.Errorf("a new secret was made at %v and changed at %v", first.CreatedAt, first.UpdatedAt)
	}
	must(t, s.SetStoredSecret(ctx, models.StoredSecret{Name: "s3", Sealed: "bm1.b.DDDD", SetBy: "bob"}))
	again := value(s.StoredSecret(ctx, "s3"))(t)
	equal(t, "the sealed text", again.Sealed, "bm1.b.DDDD")
	equal(t, "who set it", again.SetBy, "bob")
	equal(t, "when it was made", again.CreatedAt, first.CreatedAt)
	if again.UpdatedAt == nil || again.UpdatedAt.Before(first.CreatedAt) {
		t.Errorf("it was changed at %v", again.UpdatedAt)
	}
	equal(t, "the secret of another case", value(s.StoredSecret(ctx, "S3"))(t).Sealed, "bm1.a.BBBB")
	var names []string
	for _, secret := range value(s.StoredSecrets(ctx))(t) {
		names = append(names, secret.Name)
	}
	equal(t, "the number of secrets", len(names), 3)
	equal(t, "the order", names[0]+names[1]+names[2], "S3db/shops3")
	must(t, s.RemoveStoredSecret(ctx, "s3"))
	_, err = s.StoredSecret(ctx, "s3")
	wants(t, err, models.ErrNotFound)
	equal(t, "the number of secrets", len(value(s.StoredSecrets(ctx))(t)), 2)
}
