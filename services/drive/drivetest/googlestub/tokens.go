package googlestub

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	scopeFile = "https://www.googleapis.com/auth/drive.file"
	scopeAll  = "https://www.googleapis.com/auth/drive"
	// person is the account that signs in through the consent page.
	person = "person@example.com"
	// robot is the service account.
	robot = "robot@project.iam.example"
)

// grant is what a person has consented to.
type grant struct {
	account, scope, redirect, challenge string
	lasts                               bool
}

// access is what an access token is good for.
type access struct {
	account, scope string
	expires        time.Time
}

// ClientSecretFile writes the file of an OAuth client for a desktop program, as the
// Google Cloud console gives it.
func (s *Stub) ClientSecretFile(t testing.TB) string {
	return write(t, "client_secret.json", map[string]any{"installed": map[string]any{
		"client_id": s.clientID, "project_id": "project", "auth_uri": s.URL + "/o/oauth2/auth", "token_uri": s.URL + "/token",
		"client_secret": s.clientSecret, "redirect_uris": []string{"http://localhost"},
	}})
}

// TokenFile writes the file of a token whose access token has ended, so that the
// refresh token is needed.
func (s *Stub) TokenFile(t testing.TB) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	refresh := "1//" + secret()
	s.refresh[refresh] = grant{account: person, scope: scopeFile}
	return write(t, "token.json", map[string]any{
		"access_token": "ya29." + secret(), "token_type": "Bearer", "refresh_token": refresh, "expiry": time.Now().Add(-time.Hour).Format(time.RFC3339Nano),
	})
}

// ServiceAccountFile writes the key of a service account.
func (s *Stub) ServiceAccountFile(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "service_account.json", map[string]any{
		"type": "service_account", "project_id": "project", "private_key_id": "key1", "client_email": robot, "client_id": "1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"auth_uri":    s.URL + "/o/oauth2/auth", "token_uri": s.URL + "/token",
	})
}

func write(t testing.TB, name string, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// ExpireTokens ends all access tokens at once; refresh tokens stay good.
func (s *Stub) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// Revoke ends every sign-in, as a person does in the settings of the account.
func (s *Stub) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
	clear(s.refresh)
}

// RotateRefreshTokens makes every refresh give a new refresh token and end the old one.
func (s *Stub) RotateRefreshTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotates = true
}

// Deny makes the person on the consent page say no.
func (s *Stub) Deny() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denies = true
}

// GrantOnly makes the person on the consent page tick another scope than was asked for.
func (s *Stub) GrantOnly(scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scope = scope
}

// consent is the page on which a person agrees, at once.
func (s *Stub) consent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != s.clientID:
		http.Error(w, "Error 401: invalid_client", http.StatusUnauthorized)
		return
	case err != nil || to.Scheme != "http" || !slices.Contains([]string{"127.0.0.1", "localhost", "[::1]"}, to.Hostname()):
		http.Error(w, "Error 400: redirect_uri_mismatch", http.StatusBadRequest)
		return
	case q.Get("response_type") != "code" || q.Get("state") == "" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 ||
		(q.Get("scope") != scopeFile && q.Get("scope") != scopeAll):
		http.Error(w, "Error 400: invalid_request", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := url.Values{"state": {q.Get("state")}}
	if s.denies {
		answer.Set("error", "access_denied")
	} else {
		g := grant{account: person, scope: q.Get("scope"), redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"),
			lasts: q.Get("access_type") == "offline" && q.Get("prompt") == "consent"}
		if s.scope != "" {
			g.scope = s.scope
		}
		code := "4/" + secret()
		s.codes[code] = g
		answer.Set("code", code)
		answer.Set("scope", g.scope)
	}
	to.RawQuery = answer.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// token trades codes, refresh tokens and signed assertions for access tokens.
func (s *Stub) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		tokenRefused(w, 400, "invalid_request", err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind := r.PostForm.Get("grant_type"); kind {
	case "authorization_code", "refresh_token":
		if r.PostForm.Get("client_id") != s.clientID || r.PostForm.Get("client_secret") != s.clientSecret {
			tokenRefused(w, 401, "invalid_client", "The OAuth client was not found.")
			return
		}
		if kind == "refresh_token" {
			s.refreshed(w, r.PostForm)
			return
		}
		s.exchanged(w, r.PostForm)
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		s.asserted(w, r.PostForm.Get("assertion"))
	default:
		tokenRefused(w, 400, "unsupported_grant_type", "Invalid grant_type: "+kind)
	}
}

func (s *Stub) exchanged(w http.ResponseWriter, form url.Values) {
	g, ok := s.codes[form.Get("code")]
	delete(s.codes, form.Get("code"))
	proof := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !ok:
		tokenRefused(w, 400, "invalid_grant", "Malformed auth code.")
	case g.redirect != form.Get("redirect_uri"):
		tokenRefused(w, 400, "redirect_uri_mismatch", "Bad Request")
	case g.challenge != base64.RawURLEncoding.EncodeToString(proof[:]):
		tokenRefused(w, 400, "invalid_grant", "Invalid code verifier.")
	default:
		refresh := ""
		if g.lasts {
			refresh = "1//" + secret()
			s.refresh[refresh] = g
		}
		s.issue(w, g.account, g.scope, refresh)
	}
}

func (s *Stub) refreshed(w http.ResponseWriter, form url.Values) {
	old := form.Get("refresh_token")
	g, ok := s.refresh[old]
	if !ok {
		tokenRefused(w, 400, "invalid_grant", "Token has been expired or revoked.")
		return
	}
	fresh := ""
	if s.rotates {
		delete(s.refresh, old)
		fresh = "1//" + secret()
		s.refresh[fresh] = g
	}
	s.issue(w, g.account, g.scope, fresh)
}

// claims are those of an assertion (RFC 7523).
type claims struct {
	Iss, Scope, Aud, Sub string
	Exp, Iat             int64
}

func (s *Stub) asserted(w http.ResponseWriter, assertion string) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		tokenRefused(w, 400, "invalid_grant", "Invalid assertion.")
		return
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		tokenRefused(w, 400, "invalid_grant", "Invalid JWT Signature.")
		return
	}
	var c claims
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &c) != nil {
		tokenRefused(w, 400, "invalid_grant", "Invalid JWT.")
		return
	}
	now := time.Now().Unix()
	switch {
	case c.Iss != robot:
		tokenRefused(w, 400, "invalid_grant", "Invalid grant: account not found")
	case c.Aud != s.URL+"/token", c.Iat > now+60, c.Exp < now, c.Exp > now+3700, c.Scope != scopeAll && c.Scope != scopeFile:
		tokenRefused(w, 400, "invalid_grant", "Invalid JWT: Token must be a short-lived token.")
	case c.Sub != "":
		s.issue(w, c.Sub, c.Scope, "")
	default:
		s.issue(w, robot, c.Scope, "")
	}
}

func (s *Stub) issue(w http.ResponseWriter, account, scope, refresh string) {
	token := "ya29." + secret()
	s.access[token] = access{account: account, scope: scope, expires: time.Now().Add(s.life)}
	answer := map[string]any{"access_token": token, "expires_in": int(s.life.Seconds()), "scope": scope, "token_type": "Bearer"}
	if refresh != "" {
		answer["refresh_token"] = refresh
	}
	answerJSON(w, 200, answer)
}

func tokenRefused(w http.ResponseWriter, status int, code, description string) {
	answerJSON(w, status, map[string]any{"error": code, "error_description": description})
}
