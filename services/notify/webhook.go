package notify

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// readAtMost is how much of an answer is read, so that its connection can be used again.
	readAtMost = 64 << 10
	// longestWait bounds how long a service may ask to be left alone.
	longestWait = time.Hour
)

// post sends a message to a webhook.
func (s *sender) post(ctx context.Context, set models.Settings, m message) error {
	if why := urlFault(set["url"]); why != "" {
		return final("%s", why)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, set["url"], nil)
	if err != nil {
		return final("the address of the webhook can't be used: correct it")
	}
	form := formOf(set["format"], m)
	request.Body, request.ContentLength = io.NopCloser(form.reader()), int64(len(form.body))
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(form.reader()), nil }
	request.Header.Set("Content-Type", form.contentType)
	request.Header.Set("User-Agent", "Backupman")
	request.Header.Set("Idempotency-Key", m.id)
	for name, value := range form.headers {
		request.Header.Set(name, value)
	}
	if token := set["token"]; token != "" {
		if !headerValue(token) {
			return final("the token of the webhook has characters that no header takes: correct it")
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return unreachable(hostOf(request.URL), err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, readAtMost)
	_ = answer.Body.Close()
	return verdict(hostOf(request.URL), answer)
}

func hostOf(u *url.URL) string { return u.Hostname() }

// headerValue reports whether a text may stand in a header.
func headerValue(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' && text[i] != '\t' || text[i] == 0x7f {
			return false
		}
	}
	return true
}

// verdict judges an answer by its status. What a service refuses, it refuses again; what
// ails the service may pass.
func verdict(host string, answer *http.Response) error {
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return final("%s sends elsewhere (%d), which is not followed: use the address that it leads to", host, status)
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		f := passing("%s asks to be left alone for a while (%d)", host, status)
		f.Wait = retryAfter(answer.Header.Get("Retry-After"))
		return f
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return final("%s refuses the key (%d): check address and token", host, status)
	case status == http.StatusNotFound, status == http.StatusGone:
		return final("%s knows no such address (%d): check it, it may have been taken back", host, status)
	case status >= 400 && status < 500:
		return final("%s does not take the message (%d): check address and form", host, status)
	default:
		return passing("%s is in trouble itself (%d)", host, status)
	}
}

// retryAfter reads how many seconds a service asks to be left alone.
func retryAfter(text string) time.Duration {
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestWait)
}
