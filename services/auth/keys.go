package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/backupman/backupman/models"
)

// keyPrefix tells our keys from others, to people and to programs that look for keys
// which were published by mistake.
const keyPrefix = "bkm_"

// keyForm is the prefix, the id of the key, and 256 bits of chance.
var keyForm = regexp.MustCompile(`^` + keyPrefix + `([0-9a-f]{32})_[A-Za-z0-9_-]{43}$`)

// configuredKey is what the keys of the configuration are called.
const configuredKey = "key of the configuration"

// unguessed is how long a key of the configuration is, in bytes, that nobody guesses: 128
// bits of chance, in hexadecimal digits.
const unguessed = 32

// CheckKey returns who a key stands for. What the key is compared with takes the same
// time, whatever is shown. Keys of chance are always looked at: nobody guesses one, and a
// program with an old key, or a stranger behind the same proxy, must not shut the others of
// its address out. Those of the configuration may be short, and are then looked at while not
// too many tries have failed.
func (s *Service) CheckKey(ctx context.Context, key string, from models.Client) (models.Actor, error) {
	found, err := s.createdKey(ctx, key)
	if err != nil {
		return models.Actor{}, err
	}
	now := s.Now()
	if found.ID != "" && !found.Expired(now) {
		s.used.note(found.ID, use{at: now, from: from.Address})
		return models.Actor{Kind: models.ActorKey, ID: found.ID, Name: found.Name, Scopes: found.Scopes, JobIDs: found.JobIDs, Client: from}, nil
	}
	address := addressLimit(from)
	known, wait := s.configured(key), s.strangers.blocked(address, now)
	if wait != nil && !(known && len(key) >= unguessed) {
		return models.Actor{}, wait
	}
	if known {
		return models.Actor{Kind: models.ActorKey, Name: configuredKey, Scopes: models.Scopes{models.ScopeAdmin}, Client: from}, nil
	}
	s.strangers.failed(address, now)
	if found.ID != "" {
		return models.Actor{}, models.Unauthorizedf("the API key %s has expired: ask an owner for another", found.Name)
	}
	return models.Actor{}, models.Unauthorizedf("this API key is not one that was created here or is in http.api_keys of the configuration: ask an owner for one")
}

// createdKey returns the key that was created here; one without an id when there is none.
func (s *Service) createdKey(ctx context.Context, key string) (models.APIKey, error) {
	var known models.APIKey
	if id, ok := keyID(key); ok {
		found, err := s.Store.APIKey(ctx, id)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return known, err
		}
		known = found
	}
	if subtle.ConstantTimeCompare([]byte(hashed(key)), []byte(known.Hash)) == 1 {
		return known, nil
	}
	return models.APIKey{}, nil
}

func keyID(key string) (string, bool) {
	parts := keyForm.FindStringSubmatch(key)
	if parts == nil {
		return "", false
	}
	id, err := uuid.Parse(parts[1])
	return id.String(), err == nil
}

// configured compares with every key of the configuration, as digests, so that the time
// tells neither which is close nor how long they are.
func (s *Service) configured(key string) bool {
	shown, found := sha256.Sum256([]byte(key)), 0
	for _, one := range s.ConfigKeys() {
		digest := sha256.Sum256([]byte(one))
		same := subtle.ConstantTimeCompare(shown[:], digest[:])
		if one != "" {
			found |= same
		}
	}
	return found == 1
}

// APIKeys returns all keys that were created here, by name.
func (s *Service) APIKeys(ctx context.Context) ([]models.APIKey, error) {
	keys, err := s.Store.APIKeys(ctx)
	for i := range keys {
		s.used.newest(&keys[i])
	}
	return keys, err
}

// longestKeyName is in bytes.
const longestKeyName = 128

// CreateKey adds a key and returns the key itself, once.
func (s *Service) CreateKey(ctx context.Context, by models.Actor, name string, scopes models.Scopes, jobIDs []string, expires *time.Time) (models.APIKey, models.Secret, error) {
	k := models.APIKey{ID: models.NewID(), Name: strings.TrimSpace(name), Scopes: scopes, JobIDs: jobIDs, CreatedBy: by.Name, CreatedAt: s.Now(), ExpiresAt: expires}
	if err := checkKey(k); err != nil {
		return models.APIKey{}, models.Secret{}, err
	}
	token, _ := newToken()
	key := keyPrefix + strings.ReplaceAll(k.ID, "-", "") + "_" + token
	k.Hash = hashed(key)
	if err := s.Store.InsertAPIKey(ctx, k); err != nil {
		return models.APIKey{}, models.Secret{}, err
	}
	return k, models.NewSecret(key), nil
}

func checkKey(k models.APIKey) error {
	switch {
	case k.Name == "" || len(k.Name) > longestKeyName || strings.ContainsFunc(k.Name, func(r rune) bool { return r < ' ' || r == '\uFFFD' }):
		return models.Invalidf("that is not a name of an API key: say in at most %d letters what it is for", longestKeyName)
	case len(k.Scopes) == 0:
		return models.Invalidf("the API key %s may do nothing: choose at least one of read, run, restore and admin", k.Name)
	case k.ExpiresAt != nil && k.Expired(k.CreatedAt):
		return models.Invalidf("the API key %s would have expired already: choose a day to come", k.Name)
	case len(k.JobIDs) > 0 && slices.Contains(k.Scopes, models.ScopeAdmin):
		return models.Invalidf("the API key %s can't be for some jobs and do everything: choose read, run or restore, or all jobs", k.Name)
	}
	for _, scope := range k.Scopes {
		if !slices.Contains(models.AllScopes, scope) {
			return models.Invalidf("%q is not something that a key may do: choose read, run, restore or admin", string(scope))
		}
	}
	for _, id := range k.JobIDs {
		if err := models.CheckID(id); err != nil {
			return err
		}
	}
	return nil
}

// RemoveKey removes a key, which opens nothing from then on.
func (s *Service) RemoveKey(ctx context.Context, id string) (models.APIKey, error) {
	return s.Store.RemoveAPIKey(ctx, id)
}

// use is the newest use of a key.
type use struct {
	at   time.Time
	from string
}

// used holds the newest uses of keys until they are written down.
type used struct {
	mu   sync.Mutex
	uses map[string]use
}

func (n *used) note(id string, u use) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.uses == nil {
		n.uses = map[string]use{}
	}
	if u.at.After(n.uses[id].at) {
		n.uses[id] = u
	}
}

// newest makes a key that was read one of this moment.
func (n *used) newest(k *models.APIKey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if u, ok := n.uses[k.ID]; ok && (k.UsedAt == nil || u.at.After(*k.UsedAt)) {
		k.UsedAt, k.UsedFrom = &u.at, u.from
	}
}

// taken returns what is to be written. It stays until wrote is told that it was.
func (n *used) taken() []models.APIKey {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := make([]models.APIKey, 0, len(n.uses))
	for id, u := range n.uses {
		taken = append(taken, models.APIKey{ID: id, UsedAt: &u.at, UsedFrom: u.from})
	}
	return taken
}

// wrote forgets what was written and not noted anew since.
func (n *used) wrote(taken []models.APIKey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, k := range taken {
		if n.uses[k.ID].at.Equal(*k.UsedAt) {
			delete(n.uses, k.ID)
		}
	}
}
