package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	stubClient = "backupman"
	stubSecret = "the client's secret"
	stubBack   = "https://backups.example/sign-in/provider/back"
)

// stub is an identity provider that takes nothing that is not exactly right.
type stub struct {
	*httptest.Server
	key   *rsa.PrivateKey
	now   func() time.Time
	mu    sync.Mutex
	codes map[string]grant
	// claims are what the next token says beside what it must; forge changes the claims,
	// signer the key and unsigned the signature of a token that is wrong.
	claims   map[string]any
	userinfo map[string]any
	forge    func(claims map[string]any)
	signer   *jose.SigningKey
	unsigned bool
	refusals []string
}

// grant is what a code was given out for.
type grant struct{ challenge, nonce, redirect string }

func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{key: newRSA(t), codes: map[string]grant{}, claims: map[string]any{"sub": "1", "preferred_username": "Carol"}, userinfo: map[string]any{"sub": "1"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		answer(w, s.userinfo)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func newRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	return value(rsa.GenerateKey(rand.Reader, 2048))(t)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *stub) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token", "jwks_uri": s.URL + "/keys",
		"userinfo_endpoint": s.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic"},
	})
}

// authorize is the page at which the person says yes: it returns what the browser is sent
// back with.
func (s *stub) authorize(t *testing.T, address string) url.Values {
	t.Helper()
	if !strings.HasPrefix(address, s.URL+"/authorize?") {
		t.Fatalf("the browser goes to %s", address)
	}
	q := value(url.Parse(address))(t).Query()
	for name, want := range map[string]string{
		"client_id": stubClient, "response_type": "code", "redirect_uri": stubBack, "code_challenge_method": "S256", "scope": "openid profile groups",
	} {
		equal(t, name, q.Get(name), want)
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 43 {
			t.Errorf("%s is %q, which somebody could guess", name, q.Get(name))
		}
	}
	code, _ := newToken()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = grant{challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), redirect: q.Get("redirect_uri")}
	return url.Values{"code": {code}, "state": {q.Get("state")}}
}

// token exchanges a code, once.
func (s *stub) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refuse := func(why string) {
		s.refusals = append(s.refusals, why)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"` + why + `"}`))
	}
	id, secret, _ := r.BasicAuth()
	if secret, err := url.QueryUnescape(secret); id != stubClient || err != nil || secret != stubSecret {
		refuse("client")
		return
	}
	given, ok := s.codes[r.PostFormValue("code")]
	delete(s.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !ok || r.PostFormValue("grant_type") != "authorization_code":
		refuse("code")
	case base64.RawURLEncoding.EncodeToString(sum[:]) != given.challenge:
		refuse("verifier")
	case r.PostFormValue("redirect_uri") != given.redirect:
		refuse("redirect")
	default:
		answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": s.signed(given.nonce)})
	}
}

func (s *stub) signed(nonce string) string {
	claims := map[string]any{"iss": s.URL, "aud": stubClient, "nonce": nonce, "iat": s.now().Unix(), "exp": s.now().Add(time.Minute).Unix()}
	maps.Copy(claims, s.claims)
	if s.forge != nil {
		s.forge(claims)
	}
	key := jose.SigningKey{Algorithm: jose.RS256, Key: s.key}
	if s.signer != nil {
		key = *s.signer
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithHeader("kid", "1"))
	if err != nil {
		return err.Error()
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return err.Error()
	}
	if s.unsigned {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
		return head + "." + strings.Split(text, ".")[1] + "."
	}
	return text
}
