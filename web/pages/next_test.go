package pages

import "testing"

func TestOnlyAPageOfThisServerIsLedOnTo(t *testing.T) {
	for next, want := range map[string]string{
		"":                               "/",
		"/":                              "/",
		"/backups":                       "/backups",
		"/backups?status=failed&job=x":   "/backups?status=failed&job=x",
		"/backups/a%20b":                 "/backups/a%20b",
		"/settings/audit?since=2026-01":  "/settings/audit?since=2026-01",
		"/?a=//b":                        "/?a=//b",
		"//evil.example":                 "/",
		"///evil.example":                "/",
		"/\\evil.example":                "/",
		"\\\\evil.example":               "/",
		"/backups\\..\\evil":             "/",
		"/%5cevil.example":               "/",
		"/%2fevil.example":               "/",
		"/%2Fevil.example/x":             "/",
		"/\tevil.example":                "/",
		"/\t/evil.example":               "/",
		"/\n/evil.example":               "/",
		"/\r\nSet-Cookie: a=b":           "/",
		" //evil.example":                "/",
		" /backups":                      "/",
		"https://evil.example":           "/",
		"https:/evil.example":            "/",
		"http:evil.example":              "/",
		"javascript:alert(1)":            "/",
		"evil.example":                   "/",
		"@evil.example":                  "/",
		"?next=/":                        "/",
		"#x":                             "/",
		"/é":                             "/",
		"/bad%zz":                        "/",
		"/sign-in":                       "/",
		"/sign-in/code?next=/backups":    "/",
		"/sign-out":                      "/",
		"/claim?token=x":                 "/",
		"/claimed":                       "/claimed",
		"/\x00":                          "/",
		"/" + string(make([]byte, 3000)): "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
