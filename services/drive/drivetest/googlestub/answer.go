package googlestub

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// refusal is an error in Google's shape.
type refusal struct {
	Code            int
	Reason, Message string
	RetryAfter      int
}

func (e refusal) Error() string { return e.Message }

func badRequest(format string, args ...any) error {
	return refusal{Code: 400, Reason: "invalid", Message: fmt.Sprintf(format, args...)}
}

func notFound(id string) error {
	return refusal{Code: 404, Reason: "notFound", Message: "File not found: " + id + "."}
}

func forbidden(reason, message string) error {
	return refusal{Code: 403, Reason: reason, Message: message}
}

func tell(w http.ResponseWriter, err error) {
	e := refusal{Code: 500, Reason: "internalError", Message: err.Error()}
	errors.As(err, &e)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	answerJSON(w, e.Code, errorBody(e))
}

func errorBody(e refusal) any {
	return map[string]any{"error": map[string]any{
		"code": e.Code, "message": e.Message,
		"errors": []any{map[string]any{"domain": "global", "reason": e.Reason, "message": e.Message}},
	}}
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone is no error
}
