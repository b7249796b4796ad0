package pages

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

var testNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// The accounts of the fake, and what they sign in with.
const (
	ownerID    = "0197c9a4-0000-7000-8000-000000000101"
	operatorID = "0197c9a4-0000-7000-8000-000000000102"
	invitedID  = "0197c9a4-0000-7000-8000-000000000103"
	keyID      = "0197c9a4-0000-7000-8000-000000000201"
	password   = "correct horse battery"
	code       = "123456"
)

// fakeAccounts are accounts in memory, as strict as identity.Accounts says.
type fakeAccounts struct {
	users     []models.User
	passwords map[string]string         // by the user's id
	sessions  map[string]models.Session // by the token
	// invitations have the user's id by the token; empty for the first owner.
	invitations map[string]string
	pending     map[string]string // secrets of second factors that wait for a code, by the user's id
	failures    int
	keys        []models.APIKey
	audit       []models.AuditEntry // newest first
	provider    string
	// answers are what the provider says of a state.
	answers map[string]string
	made    int
	// filters are those that the log was asked with.
	filters []models.AuditFilter
	failing error
}

var _ identity.Accounts = (*fakeAccounts)(nil)

func newAccounts() *fakeAccounts {
	f := &fakeAccounts{passwords: map[string]string{ownerID: password, operatorID: password}, sessions: map[string]models.Session{}, invitations: map[string]string{}, pending: map[string]string{}, answers: map[string]string{}}
	f.users = []models.User{
		{ID: ownerID, Name: "ada", Role: models.RoleOwner, PasswordHash: "hash", CreatedAt: testNow.Add(-time.Hour)},
		{ID: operatorID, Name: "grace", Role: models.RoleOperator, PasswordHash: "hash", CreatedAt: testNow.Add(-time.Hour)},
	}
	return f
}

func (f *fakeAccounts) at(id string) (*models.User, error) {
	for i := range f.users {
		if f.users[i].ID == id {
			return &f.users[i], f.failing
		}
	}
	return nil, models.NotFoundf("there is no account with the id %s", id)
}

func (f *fakeAccounts) token() string {
	f.made++
	return "token-" + strconv.Itoa(f.made)
}

func (f *fakeAccounts) begin(u models.User, half bool, method string, from models.Client) models.SignedIn {
	s := models.Session{ID: models.NewID(), UserID: u.ID, Half: half, Method: method, Address: from.Address, Agent: from.Agent, CreatedAt: testNow, SeenAt: testNow, ExpiresAt: testNow.Add(time.Hour)}
	token := f.token()
	f.sessions[token] = s
	return models.SignedIn{Token: models.NewSecret(token), User: u, Session: s}
}

func (f *fakeAccounts) Claimed(context.Context) (bool, error) { return len(f.users) > 0, f.failing }

func (f *fakeAccounts) Invited(_ context.Context, token string) (models.User, error) {
	id, known := f.invitations[token]
	switch {
	case !known:
		return models.User{}, models.NotFoundf("the invitation was used, replaced, or has ended")
	case id == "":
		return models.User{}, f.failing
	}
	u, err := f.at(id)
	if err != nil {
		return models.User{}, err
	}
	return *u, nil
}

func (f *fakeAccounts) Accept(ctx context.Context, token, name string, password models.Secret, from models.Client) (models.SignedIn, error) {
	u, err := f.Invited(ctx, token)
	if err != nil {
		return models.SignedIn{}, err
	}
	if len(password.Reveal()) < 12 {
		return models.SignedIn{}, models.Invalidf("the password is too short")
	}
	if u.ID == "" {
		if name == "" {
			return models.SignedIn{}, models.Invalidf("that is not a name of an account")
		}
		u = models.User{ID: ownerID, Name: name, Role: models.RoleOwner, CreatedAt: testNow}
		f.users = append(f.users, u)
	}
	delete(f.invitations, token)
	f.passwords[u.ID] = password.Reveal()
	return f.begin(u, u.SecondFactor(), "link", from), nil
}

func (f *fakeAccounts) SignIn(_ context.Context, name string, password models.Secret, from models.Client) (models.SignedIn, error) {
	if f.failing != nil {
		return models.SignedIn{}, f.failing
	}
	if f.failures++; f.failures > 3 {
		return models.SignedIn{}, &models.Fault{Kind: models.ErrTooMany, Sentence: "too many tries have failed for this account: try again in 5 minutes"}
	}
	for _, u := range f.users {
		if u.Name == strings.ToLower(name) && f.passwords[u.ID] != "" && f.passwords[u.ID] == password.Reveal() {
			f.failures = 0
			return f.begin(u, u.SecondFactor(), "password", from), nil
		}
	}
	return models.SignedIn{}, models.Unauthorizedf("the name or the password is wrong")
}

func (f *fakeAccounts) SecondFactor(_ context.Context, token string, typed models.Secret, from models.Client) (models.SignedIn, error) {
	s, known := f.sessions[token]
	if !known || !s.Half {
		return models.SignedIn{}, models.Unauthorizedf("the time for the code is over: sign in again")
	}
	if typed.Reveal() != code {
		return models.SignedIn{}, models.Unauthorizedf("the code is wrong, or was used before")
	}
	u, err := f.at(s.UserID)
	if err != nil {
		return models.SignedIn{}, err
	}
	delete(f.sessions, token)
	return f.begin(*u, false, "password and code", from), nil
}

func (f *fakeAccounts) Half(_ context.Context, token string) (models.User, error) {
	s, known := f.sessions[token]
	if !known || !s.Half {
		return models.User{}, models.Unauthorizedf("the time for the code is over: sign in again")
	}
	u, err := f.at(s.UserID)
	if err != nil {
		return models.User{}, err
	}
	return *u, nil
}

func (f *fakeAccounts) Session(_ context.Context, token string, _ models.Client) (models.User, models.Session, error) {
	s, known := f.sessions[token]
	if !known || s.Half {
		return models.User{}, models.Session{}, models.Unauthorizedf("this session has ended")
	}
	u, err := f.at(s.UserID)
	if err != nil {
		return models.User{}, s, err
	}
	return *u, s, nil
}

func (f *fakeAccounts) SignOut(_ context.Context, token string) error {
	delete(f.sessions, token)
	return f.failing
}

func (f *fakeAccounts) Provider() string { return f.provider }

func (f *fakeAccounts) BeginProvider(_ context.Context, back, next string) (string, string, error) {
	if f.failing != nil {
		return "", "", f.failing
	}
	return "https://id.example/authorize?" + url.Values{"redirect_uri": {back}}.Encode(), "sealed " + next, nil
}

func (f *fakeAccounts) EndProvider(_ context.Context, _, state string, query url.Values, from models.Client) (models.SignedIn, string, error) {
	next, sealed := strings.CutPrefix(state, "sealed ")
	if !sealed || query.Get("code") != "good" {
		return models.SignedIn{}, next, models.Unauthorizedf("the identity provider did not let you in")
	}
	return f.begin(f.users[0], false, "identity provider", from), next, nil
}

func (f *fakeAccounts) User(_ context.Context, id string) (models.User, error) {
	u, err := f.at(id)
	if err != nil {
		return models.User{}, err
	}
	return *u, nil
}

func (f *fakeAccounts) again(id string, typed models.Secret) (*models.User, error) {
	u, err := f.at(id)
	if err == nil && f.passwords[id] != typed.Reveal() {
		err = models.Unauthorizedf("this is not your password")
	}
	return u, err
}

func (f *fakeAccounts) ChangePassword(ctx context.Context, id, keep string, old, fresh models.Secret) error {
	if _, err := f.again(id, old); err != nil {
		return err
	}
	f.passwords[id] = fresh.Reveal()
	return f.EndSessions(ctx, id, keep)
}

func (f *fakeAccounts) StartTOTP(_ context.Context, id string, password models.Secret) error {
	if _, err := f.again(id, password); err != nil {
		return err
	}
	f.pending[id] = "JBSWY3DPEHPK3PXP"
	return nil
}

func (f *fakeAccounts) PendingTOTP(_ context.Context, id string) (identity.TOTP, error) {
	secret, known := f.pending[id]
	if !known {
		return identity.TOTP{}, models.NotFoundf("no second factor is being set up")
	}
	return identity.TOTP{Secret: secret, URL: "otpauth://totp/x", Image: []byte("PNG")}, nil
}

func (f *fakeAccounts) ConfirmTOTP(_ context.Context, id string, typed models.Secret) ([]string, error) {
	if _, known := f.pending[id]; !known {
		return nil, models.NotFoundf("no second factor is being set up")
	}
	if typed.Reveal() != code {
		return nil, models.Invalidf("the code is not one of this secret")
	}
	u, err := f.at(id)
	if err != nil {
		return nil, err
	}
	delete(f.pending, id)
	u.TOTPAt, u.RecoveryCodes = &testNow, []string{"a", "b"}
	return []string{"aaaa-bbbb", "cccc-dddd"}, nil
}

func (f *fakeAccounts) RemoveTOTP(_ context.Context, id string, password models.Secret) error {
	u, err := f.again(id, password)
	if err == nil {
		u.TOTPAt = nil
	}
	return err
}

func (f *fakeAccounts) NewRecoveryCodes(_ context.Context, id string, password models.Secret) ([]string, error) {
	if _, err := f.again(id, password); err != nil {
		return nil, err
	}
	return []string{"eeee-ffff"}, nil
}

func (f *fakeAccounts) Sessions(_ context.Context, id string) ([]models.Session, error) {
	var found []models.Session
	for _, s := range f.sessions {
		if s.UserID == id {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b models.Session) int { return strings.Compare(a.ID, b.ID) })
	return found, f.failing
}

func (f *fakeAccounts) EndSession(_ context.Context, userID, id string) error {
	for token, s := range f.sessions {
		if s.UserID == userID && s.ID == id {
			delete(f.sessions, token)
			return nil
		}
	}
	return models.NotFoundf("there is no such session")
}

func (f *fakeAccounts) EndSessions(_ context.Context, userID, spare string) error {
	for token, s := range f.sessions {
		if s.UserID == userID && s.ID != spare {
			delete(f.sessions, token)
		}
	}
	return f.failing
}
