package pages

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

func (f *fakeAccounts) Users(context.Context) ([]models.User, error) {
	return slices.Clone(f.users), f.failing
}

func (f *fakeAccounts) InviteUser(_ context.Context, name string, role models.Role) (models.User, models.Secret, error) {
	if role.Scopes() == nil {
		return models.User{}, models.Secret{}, models.Invalidf("%q is not a role", string(role))
	}
	if strings.ContainsAny(name, " ") || name == "" {
		return models.User{}, models.Secret{}, models.Invalidf("that is not a name of an account")
	}
	if slices.ContainsFunc(f.users, func(u models.User) bool { return u.Name == name }) {
		return models.User{}, models.Secret{}, models.Conflictf("there is an account called %s already", name)
	}
	u := models.User{ID: invitedID, Name: name, Role: role, CreatedAt: testNow}
	f.users = append(f.users, u)
	return u, f.invite(u.ID), nil
}

func (f *fakeAccounts) invite(id string) models.Secret {
	token := f.token()
	f.invitations[token] = id
	return models.NewSecret(token)
}

func (f *fakeAccounts) Reinvite(ctx context.Context, id string, withoutTOTP bool) (models.User, models.Secret, error) {
	u, err := f.at(id)
	if err != nil {
		return models.User{}, models.Secret{}, err
	}
	if withoutTOTP {
		u.TOTPAt = nil
	}
	return *u, f.invite(id), f.EndSessions(ctx, id, "")
}

// spared refuses what would leave no owner who can sign in.
func (f *fakeAccounts) spared(id string) (*models.User, error) {
	u, err := f.at(id)
	if err != nil {
		return nil, err
	}
	others := slices.ContainsFunc(f.users, func(o models.User) bool {
		return o.ID != id && o.Role == models.RoleOwner && o.DisabledAt == nil && o.PasswordHash != ""
	})
	if u.Role == models.RoleOwner && !others {
		return nil, models.Conflictf("%s is the only owner who can sign in", u.Name)
	}
	return u, nil
}

func (f *fakeAccounts) SetRole(_ context.Context, id string, role models.Role) (models.User, error) {
	if role.Scopes() == nil {
		return models.User{}, models.Invalidf("%q is not a role", string(role))
	}
	u, err := f.spared(id)
	if err != nil {
		return models.User{}, err
	}
	u.Role = role
	return *u, nil
}

func (f *fakeAccounts) SetDisabled(ctx context.Context, id string, disabled bool) (models.User, error) {
	u, err := f.spared(id)
	if err != nil {
		return models.User{}, err
	}
	u.DisabledAt = nil
	if disabled {
		u.DisabledAt = &testNow
	}
	return *u, f.EndSessions(ctx, id, "")
}

func (f *fakeAccounts) RemoveUser(ctx context.Context, id string) (models.User, error) {
	u, err := f.spared(id)
	if err != nil {
		return models.User{}, err
	}
	gone := *u
	f.users = slices.DeleteFunc(f.users, func(u models.User) bool { return u.ID == id })
	return gone, f.EndSessions(ctx, id, "")
}

func (f *fakeAccounts) CheckKey(context.Context, string, models.Client) (models.Actor, error) {
	return models.Actor{}, models.Unauthorizedf("pages know no keys")
}

func (f *fakeAccounts) APIKeys(context.Context) ([]models.APIKey, error) { return f.keys, f.failing }

func (f *fakeAccounts) CreateKey(_ context.Context, by models.Actor, name string, scopes models.Scopes, jobIDs []string, expires *time.Time) (models.APIKey, models.Secret, error) {
	switch {
	case name == "":
		return models.APIKey{}, models.Secret{}, models.Invalidf("a key needs a name")
	case len(scopes) == 0:
		return models.APIKey{}, models.Secret{}, models.Invalidf("say what the key may do")
	case expires != nil && !expires.After(testNow):
		return models.APIKey{}, models.Secret{}, models.Invalidf("the key would have ended already")
	}
	k := models.APIKey{ID: keyID, Name: name, Scopes: scopes, JobIDs: jobIDs, ExpiresAt: expires, CreatedBy: by.Name, CreatedAt: testNow}
	f.keys = append(f.keys, k)
	return k, models.NewSecret("bmk_s3cret"), nil
}

func (f *fakeAccounts) RemoveKey(_ context.Context, id string) (models.APIKey, error) {
	for i, k := range f.keys {
		if k.ID == id {
			f.keys = slices.Delete(f.keys, i, i+1)
			return k, nil
		}
	}
	return models.APIKey{}, models.NotFoundf("there is no API key with the id %s", id)
}

func (f *fakeAccounts) Record(_ context.Context, e models.AuditEntry) error {
	f.audit = append([]models.AuditEntry{e}, f.audit...)
	return f.failing
}

func (f *fakeAccounts) AuditEntries(_ context.Context, filter models.AuditFilter, after models.Cursor, limit int) ([]models.AuditEntry, error) {
	f.filters = append(f.filters, filter)
	var found []models.AuditEntry
	reached := after.IsZero()
	for _, e := range f.audit {
		if !reached {
			reached = e.ID == after.ID
			continue
		}
		if fits(e, filter) && len(found) < limit {
			found = append(found, e)
		}
	}
	return found, f.failing
}

func fits(e models.AuditEntry, f models.AuditFilter) bool {
	return (f.Actor == "" || f.Actor == e.Actor) && (f.Action == "" || f.Action == e.Action || strings.HasPrefix(e.Action, f.Action+".")) &&
		(f.Outcome == "" || f.Outcome == e.Outcome) && (f.Since.IsZero() || !e.At.Before(f.Since)) && (f.Until.IsZero() || e.At.Before(f.Until))
}

func (f *fakeAccounts) EachAuditEntry(_ context.Context, filter models.AuditFilter, do func(models.AuditEntry) error) error {
	f.filters = append(f.filters, filter)
	for _, e := range f.audit {
		if !fits(e, filter) {
			continue
		}
		if err := do(e); err != nil {
			return err
		}
	}
	return f.failing
}

// fakeSecrets keeps secrets in memory.
type fakeSecrets struct {
	stored []models.StoredSecret
	values map[string]string
	uses   map[string][]string
}

func (f *fakeSecrets) StoredSecrets(context.Context) ([]models.StoredSecret, error) {
	return f.stored, nil
}

func (f *fakeSecrets) SetSecret(_ context.Context, name string, value models.Secret, by string) error {
	if name == "" || strings.ContainsAny(name, " ") {
		return models.Invalidf("that is not a name of a secret")
	}
	if _, known := f.values[name]; !known {
		f.stored = append(f.stored, models.StoredSecret{Name: name, SetBy: by, CreatedAt: testNow})
	}
	f.values[name] = value.Reveal()
	return nil
}

func (f *fakeSecrets) RemoveSecret(_ context.Context, name string) error {
	if len(f.uses[name]) > 0 {
		return models.Conflictf("the configuration uses the secret %s", name)
	}
	delete(f.values, name)
	f.stored = slices.DeleteFunc(f.stored, func(s models.StoredSecret) bool { return s.Name == name })
	return nil
}

func (f *fakeSecrets) SecretUses() map[string][]string { return f.uses }

// fakeKits has the kit of one job.
type fakeKits struct {
	kit   models.Kit
	taken int
}

func (f *fakeKits) Kit(_ context.Context, id string) (models.Kit, error) {
	if id != f.kit.JobID {
		return models.Kit{}, models.NotFoundf("there is no job with the id %s", id)
	}
	return f.kit, nil
}

func (f *fakeKits) Take(ctx context.Context, id string) (models.Kit, error) {
	kit, err := f.Kit(ctx, id)
	if err == nil {
		f.taken++
		f.kit.TakenAt, f.kit.Current = &testNow, true
	}
	return kit, err
}

// fakePlans knows jobs only.
type fakePlans struct {
	Plans
	jobs []models.Job
}

func (f fakePlans) Jobs(context.Context) ([]models.Job, error) { return f.jobs, nil }

func (f fakePlans) Job(_ context.Context, id string) (models.Job, error) {
	for _, j := range f.jobs {
		if j.ID == id {
			return j, nil
		}
	}
	return models.Job{}, models.NotFoundf("there is no job with the id %s", id)
}
