package servers

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestWebDAV(t *testing.T) {
	s := WebDAV(t)
	if status := putWebDAV(t, s, s.Password); status != http.StatusCreated {
		t.Errorf("stored with status %d", status)
	}
	if stored, err := os.ReadFile(s.Root + "/file"); err != nil || string(stored) != "content" {
		t.Errorf("stored %q, %v", stored, err)
	}
	if status := putWebDAV(t, s, "wrong"); status != http.StatusUnauthorized {
		t.Errorf("a wrong password got status %d", status)
	}
}

func putWebDAV(t *testing.T, s WebDAVServer, password string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"file", strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(s.User, password)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
