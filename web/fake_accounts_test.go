package web

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// fakeAccounts knows people by the tokens of their sessions, and programs by their keys.
type fakeAccounts struct {
	unclaimed bool
	users     []models.User
	sessions  map[string]models.Session
	keys      map[string]models.Actor
	made      []models.APIKey
	entries   []models.AuditEntry // oldest first
	// lost is the answer to every entry, failing that to every question.
	lost, failing error
	calls         []string
	from          []models.Client
}

const (
	ownerID    = "0197c9a4-0000-7000-8000-000000000061"
	operatorID = "0197c9a4-0000-7000-8000-000000000062"
	viewerID   = "0197c9a4-0000-7000-8000-000000000063"
	sessionID  = "0197c9a4-0000-7000-8000-000000000071"
	keyID      = "0197c9a4-0000-7000-8000-000000000081"
)

// newAccounts knows an owner, an operator and a viewer, whose tokens are their roles, one
// half session, and keys called by their scopes.
func newAccounts() *fakeAccounts {
	a := &fakeAccounts{sessions: map[string]models.Session{}, keys: map[string]models.Actor{}}
	for id, role := range map[string]models.Role{ownerID: models.RoleOwner, operatorID: models.RoleOperator, viewerID: models.RoleViewer} {
		a.users = append(a.users, models.User{ID: id, Name: "a-" + string(role), Role: role, PasswordHash: "h4sh", CreatedAt: testNow})
		a.sessions[string(role)] = models.Session{ID: sessionID[:len(sessionID)-2] + id[len(id)-2:], UserID: id, Method: "password", CreatedAt: testNow, SeenAt: testNow, ExpiresAt: testNow.Add(time.Hour)}
	}
	a.sessions["half"] = models.Session{ID: sessionID, UserID: ownerID, Half: true}
	for _, scope := range models.AllScopes {
		a.keys["key-"+string(scope)] = models.Actor{Kind: models.ActorKey, ID: keyID, Name: "ci", Scopes: models.Scopes{scope}}
	}
	return a
}

// withAccounts switches accounts on.
func withAccounts(a *fakeAccounts) func(*Options) {
	return func(o *Options) {
		o.Accounts, o.Secrets, o.Kits, o.Gallery = a, &fakeSecrets{}, fakeKits{}, true
		if o.Planner == nil {
			withPlanner(newPlanner())(o)
		}
	}
}

func (a *fakeAccounts) did(call string) { a.calls = append(a.calls, call) }

func (a *fakeAccounts) Claimed(context.Context) (bool, error) { return !a.unclaimed, a.failing }

func (a *fakeAccounts) Half(_ context.Context, token string) (models.User, error) {
	if s := a.sessions[token]; s.Half {
		return a.User(context.Background(), s.UserID)
	}
	return models.User{}, models.Unauthorizedf("the time for the code is over")
}

func (a *fakeAccounts) Session(_ context.Context, token string, from models.Client) (models.User, models.Session, error) {
	a.from = append(a.from, from)
	s, ok := a.sessions[token]
	if !ok {
		return models.User{}, s, &models.Fault{Kind: models.ErrUnauthorized, Sentence: "this session has ended"}
	}
	u, err := a.User(context.Background(), s.UserID)
	return u, s, err
}

func (a *fakeAccounts) CheckKey(_ context.Context, key string, from models.Client) (models.Actor, error) {
	a.from = append(a.from, from)
	actor, ok := a.keys[key]
	if !ok {
		return actor, &models.Fault{Kind: models.ErrUnauthorized, Sentence: "this API key is not known"}
	}
	return actor, a.failing
}

func (a *fakeAccounts) User(_ context.Context, id string) (models.User, error) {
	i := slices.IndexFunc(a.users, func(u models.User) bool { return u.ID == id })
	if i < 0 {
		return models.User{}, models.NotFoundf("there is no user %s", id)
	}
	return a.users[i], a.failing
}

func (a *fakeAccounts) Users(context.Context) ([]models.User, error) { return a.users, a.failing }

func (a *fakeAccounts) InviteUser(_ context.Context, name string, role models.Role) (models.User, models.Secret, error) {
	u := models.User{ID: models.NewID(), Name: name, Role: role, CreatedAt: testNow}
	a.users = append(a.users, u)
	return u, models.NewSecret("t0ken of " + name), a.failing
}

func (a *fakeAccounts) Reinvite(ctx context.Context, id string, withoutTOTP bool) (models.User, models.Secret, error) {
	if withoutTOTP {
		a.did("without TOTP")
	}
	u, err := a.User(ctx, id)
	return u, models.NewSecret("t0ken"), err
}

func (a *fakeAccounts) SetRole(ctx context.Context, id string, role models.Role) (models.User, error) {
	u, err := a.User(ctx, id)
	u.Role = role
	return u, err
}

func (a *fakeAccounts) SetDisabled(ctx context.Context, id string, disabled bool) (models.User, error) {
	u, err := a.User(ctx, id)
	if disabled {
		u.DisabledAt = &testNow
	}
	return u, err
}

func (a *fakeAccounts) RemoveUser(ctx context.Context, id string) (models.User, error) {
	if id == ownerID {
		return models.User{}, models.Conflictf("a-owner is the last owner who can sign in: make somebody else one first")
	}
	return a.User(ctx, id)
}

func (a *fakeAccounts) Sessions(_ context.Context, userID string) ([]models.Session, error) {
	var found []models.Session
	for _, s := range a.sessions {
		if s.UserID == userID {
			found = append(found, s)
		}
	}
	return found, a.failing
}

func (a *fakeAccounts) EndSession(_ context.Context, userID, id string) error {
	for token, s := range a.sessions {
		if s.ID == id && s.UserID == userID {
			delete(a.sessions, token)
			return nil
		}
	}
	return models.NotFoundf("there is no session %s", id)
}

func (a *fakeAccounts) EndSessions(context.Context, string, string) error { return a.failing }

func (a *fakeAccounts) APIKeys(context.Context) ([]models.APIKey, error) { return a.made, a.failing }

func (a *fakeAccounts) CreateKey(_ context.Context, by models.Actor, name string, scopes models.Scopes, jobIDs []string, expires *time.Time) (models.APIKey, models.Secret, error) {
	k := models.APIKey{ID: keyID, Name: name, Scopes: scopes, JobIDs: jobIDs, CreatedBy: by.Name, CreatedAt: testNow, ExpiresAt: expires, Hash: "h4sh"}
	a.made = append(a.made, k)
	return k, models.NewSecret("bmk_s3cret"), a.failing
}

func (a *fakeAccounts) RemoveKey(_ context.Context, id string) (models.APIKey, error) {
	i := slices.IndexFunc(a.made, func(k models.APIKey) bool { return k.ID == id })
	if i < 0 {
		return models.APIKey{}, models.NotFoundf("there is no API key %s", id)
	}
	return a.made[i], nil
}

func (a *fakeAccounts) Record(_ context.Context, e models.AuditEntry) error {
	if a.lost != nil {
		return a.lost
	}
	e.ID, e.At = models.NewID(), testNow
	a.entries = append(a.entries, e)
	return nil
}

func (a *fakeAccounts) AuditEntries(_ context.Context, f models.AuditFilter, after models.Cursor, limit int) ([]models.AuditEntry, error) {
	newest := slices.Clone(a.entries)
	slices.Reverse(newest)
	fits := func(e models.AuditEntry) bool {
		return (f.Actor == "" || f.Actor == e.Actor) && (f.Action == "" || f.Action == e.Action) && (f.Outcome == "" || f.Outcome == e.Outcome)
	}
	return part(newest, fits, func(e models.AuditEntry) string { return e.ID }, after, limit), a.failing
}

func (a *fakeAccounts) EachAuditEntry(ctx context.Context, f models.AuditFilter, do func(models.AuditEntry) error) error {
	all, err := a.AuditEntries(ctx, f, models.Cursor{}, len(a.entries))
	for _, e := range all {
		if err := do(e); err != nil {
			return err
		}
	}
	return err
}

// What follows is asked by pages alone.

func (a *fakeAccounts) Invited(context.Context, string) (models.User, error) {
	return models.User{}, a.failing
}

func (a *fakeAccounts) Accept(context.Context, string, string, models.Secret, models.Client) (models.SignedIn, error) {
	return models.SignedIn{}, models.NotFoundf("this invitation was used")
}

func (a *fakeAccounts) SignIn(context.Context, string, models.Secret, models.Client) (models.SignedIn, error) {
	return models.SignedIn{}, &models.Fault{Kind: models.ErrUnauthorized, Sentence: "the name or the password is wrong"}
}

func (a *fakeAccounts) SecondFactor(context.Context, string, models.Secret, models.Client) (models.SignedIn, error) {
	return models.SignedIn{}, &models.Fault{Kind: models.ErrUnauthorized, Sentence: "the code is wrong"}
}

func (a *fakeAccounts) SignOut(context.Context, string) error { return a.failing }
func (a *fakeAccounts) Provider() string                      { return "" }

func (a *fakeAccounts) BeginProvider(context.Context, string, string) (string, string, error) {
	return "", "", models.NotFoundf("there is no identity provider")
}

func (a *fakeAccounts) EndProvider(context.Context, string, string, url.Values, models.Client) (models.SignedIn, string, error) {
	return models.SignedIn{}, "", models.NotFoundf("there is no identity provider")
}

func (a *fakeAccounts) ChangePassword(context.Context, string, string, models.Secret, models.Secret) error {
	return a.failing
}
func (a *fakeAccounts) StartTOTP(context.Context, string, models.Secret) error { return a.failing }
func (a *fakeAccounts) PendingTOTP(context.Context, string) (identity.TOTP, error) {
	return identity.TOTP{}, models.NotFoundf("no second factor is being set up")
}
func (a *fakeAccounts) ConfirmTOTP(context.Context, string, models.Secret) ([]string, error) {
	return nil, a.failing
}
func (a *fakeAccounts) RemoveTOTP(context.Context, string, models.Secret) error { return a.failing }
func (a *fakeAccounts) NewRecoveryCodes(context.Context, string, models.Secret) ([]string, error) {
	return nil, a.failing
}

// fakeSecrets keeps secrets, and tells none.
type fakeSecrets struct{ stored map[string]models.Secret }

func (s *fakeSecrets) StoredSecrets(context.Context) ([]models.StoredSecret, error) {
	var found []models.StoredSecret
	for name := range s.stored {
		found = append(found, models.StoredSecret{Name: name, Sealed: "s3aled", SetBy: "a-owner", CreatedAt: testNow})
	}
	return found, nil
}

func (s *fakeSecrets) SetSecret(_ context.Context, name string, value models.Secret, _ string) error {
	if s.stored == nil {
		s.stored = map[string]models.Secret{}
	}
	s.stored[name] = value
	return nil
}

func (s *fakeSecrets) RemoveSecret(_ context.Context, name string) error {
	if _, known := s.stored[name]; !known {
		return models.NotFoundf("there is no secret %q", name)
	}
	delete(s.stored, name)
	return nil
}

func (s *fakeSecrets) SecretUses() map[string][]string {
	return map[string][]string{"shop/password": {"data source shop: password"}}
}

// fakeKits makes a kit of every job.
type fakeKits struct{}

func (fakeKits) Kit(_ context.Context, jobID string) (models.Kit, error) {
	return models.Kit{JobID: jobID, Label: "shop-nightly", Fingerprint: "f1", FileName: "kit.txt", Text: "how to restore"}, nil
}

func (k fakeKits) Take(ctx context.Context, jobID string) (models.Kit, error) {
	kit, err := k.Kit(ctx, jobID)
	kit.TakenAt = &testNow
	return kit, err
}
