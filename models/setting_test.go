package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSettingsPrintWithoutValues(t *testing.T) {
	settings := Settings{"password": "TOPSECRET", "host": "db.TOPSECRET"}
	for _, value := range []any{settings, &settings, Source{Settings: settings}, struct{ S Settings }{settings}, []Drive{{Settings: settings}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "TOPSECRET") || strings.Contains(text, fmt.Sprintf("%x", "TOPSECRET")) {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("opened", "settings", settings)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("opened", "settings", settings)
	if text := log.String(); strings.Contains(text, "TOPSECRET") || !strings.Contains(text, "password:**redacted**") {
		t.Errorf("the log says %s", text)
	}
	kept, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	var back Settings
	if err := json.Unmarshal(kept, &back); err != nil || back["password"] != "TOPSECRET" {
		t.Errorf("the store reads back %s: %v", kept, err)
	}
}

func TestReferencesToSecrets(t *testing.T) {
	for value, want := range map[string]string{
		"${secret:a}":         "a",
		"${secret:a/b.c-d_9}": "a/b.c-d_9",
		"${secret:}":          "",
		"${secret:a b}":       "",
		"${secret:a}x":        "",
		"x${secret:a}":        "",
		"${secret:a":          "",
		"${secret:é}":         "",
		"${secret:" + strings.Repeat("a", 129) + "}": "",
		"plain": "",
	} {
		if name, ok := SecretRef(value); ok != (want != "") || ok && name != want {
			t.Errorf("%q refers to %q", value, name)
		}
	}
}
