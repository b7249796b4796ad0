package auth

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

var byAnna = models.Actor{Kind: models.ActorUser, Name: "anna"}

func TestKeys(t *testing.T) {
	ctx := t.Context()
	b := newBench(t)
	job := models.NewID()
	expires := b.clock().Add(time.Hour)
	k, key, err := b.CreateKey(ctx, byAnna, " grafana ", models.Scopes{models.ScopeRead, models.ScopeRun}, []string{job}, &expires)
	must(t, err)
	if !regexp.MustCompile(`^bkm_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`).MatchString(key.Reveal()) || k.Hash == key.Reveal() || k.Name != "grafana" {
		t.Errorf("the key is %s of %+v", key.Reveal(), k)
	}
	actor := value(b.CheckKey(ctx, key.Reveal(), home))(t)
	if actor.Kind != models.ActorKey || actor.ID != k.ID || actor.Name != "grafana" || actor.Client != home || !actor.MayJob(job) || actor.MayJob(models.NewID()) {
		t.Errorf("the key stands for %+v", actor)
	}
	for scope, may := range map[models.Scope]bool{models.ScopeRead: true, models.ScopeRun: true, models.ScopeRestore: false, models.ScopeAdmin: false} {
		equal(t, "being allowed to "+string(scope), actor.May(scope), may)
	}

	_, other, err := b.CreateKey(ctx, byAnna, "ci", models.Scopes{models.ScopeAdmin}, nil, nil)
	must(t, err)
	swapped := key.Reveal()[:37] + other.Reveal()[37:]
	last := "A"
	if strings.HasSuffix(key.Reveal(), last) {
		last = "Q"
	}
	for name, text := range map[string]string{
		"none": "", "a word": "secret", "the id of one and the chance of another": swapped, "a changed end": key.Reveal()[:len(key.Reveal())-1] + last,
		"the hash": k.Hash, "an id that there is not": "bkm_" + strings.Repeat("0", 32) + key.Reveal()[36:], "no chance": key.Reveal()[:37],
		"more": key.Reveal() + "x", "capitals": strings.ToUpper(key.Reveal()), "a line": key.Reveal() + "\n", "no UTF-8": "bkm_\xff",
	} {
		if _, err := b.CheckKey(ctx, text, models.Client{}); !errors.Is(err, models.ErrUnauthorized) {
			t.Errorf("%s ended in %v", name, err)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q repeats the key", err)
		}
	}
	b.pass(time.Hour - time.Second)
	value(b.CheckKey(ctx, key.Reveal(), home))(t)
	b.pass(time.Second)
	wants(t, errorOf(b.CheckKey(ctx, key.Reveal(), home)), models.ErrUnauthorized)
	equal(t, "the key that was removed", value(b.RemoveKey(ctx, k.ID))(t).Name, "grafana")
	value(b.CheckKey(ctx, other.Reveal(), home))(t)
	wants(t, errorOf(b.RemoveKey(ctx, k.ID)), models.ErrNotFound)
}

func TestCreateKeyRefuses(t *testing.T) {
	b := newBench(t)
	past := b.clock()
	for name, c := range map[string]struct {
		name    string
		scopes  models.Scopes
		jobs    []string
		expires *time.Time
	}{
		"no name":         {" ", models.Scopes{models.ScopeRead}, nil, nil},
		"a long name":     {strings.Repeat("x", 200), models.Scopes{models.ScopeRead}, nil, nil},
		"a line":          {"a\nb", models.Scopes{models.ScopeRead}, nil, nil},
		"nothing":         {"x", nil, nil, nil},
		"a strange scope": {"x", models.Scopes{"fly"}, nil, nil},
		"no job":          {"x", models.Scopes{models.ScopeRead}, []string{"nightly"}, nil},
		"all of one job":  {"x", models.Scopes{models.ScopeAdmin}, []string{models.NewID()}, nil},
		"expired":         {"x", models.Scopes{models.ScopeRead}, nil, &past},
	} {
		t.Run(name, func(t *testing.T) {
			wants(t, errorOf2(b.CreateKey(t.Context(), byAnna, c.name, c.scopes, c.jobs, c.expires)), models.ErrInvalid)
		})
	}
	equal(t, "the number of keys", len(value(b.APIKeys(t.Context()))(t)), 0)
}

func TestConfiguredKeys(t *testing.T) {
	ctx := t.Context()
	const long = "0123456789abcdef0123456789abcdef"
	keys := []string{"first", "", "second"}
	b := newBench(t, func(o *Options) { o.ConfigKeys = func() []string { return keys } })
	for _, key := range []string{"first", "second"} {
		actor := value(b.CheckKey(ctx, key, home))(t)
		if actor.Kind != models.ActorKey || !actor.May(models.ScopeAdmin) || actor.Name == "" || strings.Contains(actor.Name, key) {
			t.Errorf("%s stands for %+v", key, actor)
		}
	}
	wants(t, errorOf(b.CheckKey(ctx, "", home)), models.ErrUnauthorized)
	keys = []string{"second"}
	wants(t, errorOf(b.CheckKey(ctx, "first", home)), models.ErrUnauthorized)

	_, created, err := b.CreateKey(ctx, byAnna, "ci", models.Scopes{models.ScopeRead}, nil, nil)
	must(t, err)
	for range perAddress.free {
		_, _ = b.CheckKey(ctx, "guessed", home)
	}
	wants(t, errorOf(b.CheckKey(ctx, "second", home)), models.ErrTooMany)
	value(b.CheckKey(ctx, created.Reveal(), home))(t) // nobody guesses this one
	wants(t, errorOf(b.CheckKey(ctx, long, home)), models.ErrTooMany)
	keys = append(keys, long)
	value(b.CheckKey(ctx, long, home))(t) // nor this one
	value(b.CheckKey(ctx, "second", models.Client{Address: "192.0.2.8"}))(t)
	b.pass(time.Minute)
	value(b.CheckKey(ctx, "second", home))(t)
}

// TestUsedIsWrittenLater: looking writes nothing, and the flush what was looked at.
func TestUsedIsWrittenLater(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	k, key, err := b.CreateKey(ctx, byAnna, "ci", models.Scopes{models.ScopeRead}, nil, nil)
	must(t, err)
	b.pass(10 * time.Minute)
	value(b.CheckKey(ctx, key.Reveal(), home))(t)
	equal(t, "what the token opens", b.opens(t, in.Token), true)
	stored := value(b.store.APIKey(ctx, k.ID))(t)
	session, _, err := b.store.Session(ctx, in.Session.TokenHash)
	must(t, err)
	if stored.UsedAt != nil || session.SeenAt.Equal(b.clock()) {
		t.Error("looking at something wrote")
	}
	shown := value(b.APIKeys(ctx))(t)[0]
	if shown.UsedAt == nil || shown.UsedFrom != home.Address {
		t.Errorf("the list does not know of the use: %+v", shown)
	}
	must(t, b.Flush(ctx))
	stored = value(b.store.APIKey(ctx, k.ID))(t)
	session, _, err = b.store.Session(ctx, in.Session.TokenHash)
	must(t, err)
	if stored.UsedAt == nil || !stored.UsedAt.Equal(b.clock()) || stored.UsedFrom != home.Address || !session.SeenAt.Equal(b.clock()) {
		t.Errorf("what was written is %+v and %+v", stored, session)
	}
	equal(t, "what is left to write", len(b.seen.taken())+len(b.used.taken()), 0)
}
