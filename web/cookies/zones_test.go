package cookies

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	_ "time/tzdata"
)

func TestOnlyZonesThatAreKnownAreTaken(t *testing.T) {
	for sent, want := range map[string]string{
		"Europe/Paris": "Europe/Paris", "UTC": "UTC", "America/Argentina/Buenos_Aires": "America/Argentina/Buenos_Aires", "Etc/GMT+5": "Etc/GMT+5",
		"": "", "Local": "", "Mars/Olympus": "", "../../etc/passwd": "", "/etc/localtime": "", "Europe//Paris": "", "Europe/./Paris": "", "europe/paris": "",
		"<script>": "", strings.Repeat("A", 5000): "", "A/" + strings.Repeat("A", 70): "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", "zone="+sent)
		got := ""
		if zone := Zone(r); zone != nil {
			got = zone.String()
		}
		if got != want {
			t.Errorf("%.80q is taken as %q, want %q", sent, got, want)
		}
	}
	if zone := Zone(httptest.NewRequest(http.MethodGet, "/", nil)); zone != nil {
		t.Errorf("without a cookie the zone is %s", zone)
	}
}
