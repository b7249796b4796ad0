package drive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest/googlestub"
)

// tokenPlace is a drive whose tokens come from answer, which is given the refresh
// token of the request, and the file of its sign-in.
func tokenPlace(t *testing.T, answer func(w http.ResponseWriter, refresh string)) (p drive.Place, file string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer(w, r.PostFormValue("refresh_token"))
	}))
	t.Cleanup(server.Close)
	client := filepath.Join(t.TempDir(), "client.json")
	text := fmt.Sprintf(`{"installed": {"client_id": "c", "client_secret": "s", "token_uri": %q, "redirect_uris": ["http://localhost"]}}`, server.URL)
	if err := os.WriteFile(client, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "token.json")
	signedIn(t, file, "first")
	return drive.Place{Label: "gdrive", Settings: models.Settings{"folder": "a", "client_secret_file": client, "token_file": file}}, file
}

// signedIn writes the file of a sign-in whose access token has ended.
func signedIn(t *testing.T, file, refresh string) {
	t.Helper()
	text := fmt.Sprintf(`{"access_token": "old", "refresh_token": %q, "expiry": %q}`, refresh, time.Now().Add(-time.Hour).Format(time.RFC3339))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

func refreshIn(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(text, &token); err != nil {
		t.Fatal(err)
	}
	return token.Refresh
}

// Two processes renew one sign-in at the same moment, or a person signs in anew.
func TestGoogleSignInThatChangesMeanwhile(t *testing.T) {
	t.Run("the old one is refused", func(t *testing.T) {
		file := ""
		p, at := tokenPlace(t, func(w http.ResponseWriter, refresh string) {
			if refresh == "first" {
				signedIn(t, file, "second")
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}`)
				return
			}
			fmt.Fprintf(w, `{"access_token": "for %s", "token_type": "Bearer", "expires_in": 3600}`, refresh)
		})
		file = at
		if token, err := drive.GoogleAccess(t.Context(), p); err != nil || token != "for second" {
			t.Errorf("got %q, %v", token, err)
		}
	})
	t.Run("the new one is not overwritten", func(t *testing.T) {
		file := ""
		p, at := tokenPlace(t, func(w http.ResponseWriter, refresh string) {
			signedIn(t, file, "second")
			fmt.Fprintf(w, `{"access_token": "for %s", "token_type": "Bearer", "expires_in": 3600}`, refresh)
		})
		file = at
		if token, err := drive.GoogleAccess(t.Context(), p); err != nil || token != "for first" {
			t.Errorf("got %q, %v", token, err)
		}
		if got := refreshIn(t, file); got != "second" {
			t.Errorf("the file holds the sign-in %q", got)
		}
	})
}

// What keeps an account out is told with the way out, and without addresses.
func TestGoogleSaysWhyItDoesNotLetIn(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		says    string
		kind    error
		passing bool
	}{
		"client": {401, `{"error": "invalid_client", "error_description": "The OAuth client was not found."}`, "client_secret_file", models.ErrInvalid, false},
		"busy":   {400, `{"error": "temporarily_unavailable"}`, "busy", models.ErrConflict, true},
		"ended":  {400, `{"error": "invalid_grant"}`, "sign in again", models.ErrUnauthorized, false},
		"clock":  {400, `{"error": "invalid_grant", "error_description": "Invalid JWT: check your iat and exp values in the JWT claim."}`, "clock", models.ErrInvalid, false},
		"page":   {200, `<html>`, "no answer that can be read", models.ErrConflict, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := tokenPlace(t, func(w http.ResponseWriter, _ string) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			_, err := drive.GoogleAccess(t.Context(), p)
			if !errors.Is(err, c.kind) || drive.Passing(err) != c.passing || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "://") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestGoogleFaultsShowNoAddress(t *testing.T) {
	wrong := func(t *testing.T, d drive.Drive) {
		t.Helper()
		_, stat := d.Stat(t.Context(), "job/file")
		_, put := d.Put(t.Context(), "job/file", strings.NewReader("x"), drive.Hint{})
		_, check := d.Check(t.Context())
		list := d.List(t.Context(), "", func(drive.Stored) error { return nil })
		for doing, err := range map[string]error{"stat": stat, "put": put, "check": check, "list": list} {
			var fault *models.Fault
			if !errors.As(err, &fault) || strings.Contains(err.Error(), "://") || strings.Contains(err.Error(), "dial") || !strings.Contains(err.Error(), `"gdrive"`) {
				t.Errorf("%s: %v", doing, err)
			}
		}
	}
	unreached := func(t *testing.T, p drive.Place) drive.Drive {
		p.Policy = drive.Policy{}
		return openGoogle(t, p)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	t.Run("ended", func(t *testing.T) {
		stub := googlestub.New(t)
		p := googlePlace(t, stub)
		stub.Revoke()
		wrong(t, unreached(t, p))
	})
	t.Run("no API", func(t *testing.T) {
		p := googlePlace(t, googlestub.New(t))
		p.Settings["api_endpoint"] = gone.URL
		wrong(t, unreached(t, p))
	})
	t.Run("no tokens", func(t *testing.T) {
		stub := googlestub.New(t)
		p, robot := googlePlace(t, stub), robotPlace(t, stub)
		for place, file := range map[*drive.Place]string{&p: p.Settings["client_secret_file"], &robot: robot.Settings["service_account_file"]} {
			text, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(file, []byte(strings.ReplaceAll(string(text), stub.URL, gone.URL)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			wrong(t, unreached(t, *place))
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		d, _ := smallGoogle(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Stat(ctx, "job/file"); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "://") {
			t.Errorf("got %v", err)
		}
	})
}
