package human

import (
	"testing"
	"time"
	_ "time/tzdata" // the zone of the test, whatever the machine has
)

func TestBytes(t *testing.T) {
	cases := map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 1450: "1.4 kB", 9_949: "9.9 kB", 9_950: "10 kB", 9_999: "10 kB",
		999_499: "999 kB", 999_500: "1.0 MB", 23_400_000: "23 MB", 5_000_000_000: "5.0 GB", 9_223_372_036_854_775_807: "9.2 EB",
	}
	for n, want := range cases {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCountAndPlural(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for got, want := range map[string]string{
		Plural(1, "table"): "1 table", Plural(0, "table"): "0 tables", Plural(2000, "copy", "copies"): "2,000 copies",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSentence(t *testing.T) {
	for words, want := range map[string]string{
		"": "", "the drive is full": "The drive is full.", "élan": "Élan.", "Done.": "Done.", "why?\n": "Why?", "\"x\" is gone": "\"x\" is gone.",
	} {
		if got := Sentence(words); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", words, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for want, names := range map[string][]string{
		"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}, "a, b and 2 more": {"a", "b", "c", "d"},
	} {
		if got := Names(names); got != want {
			t.Errorf("Names(%q) = %q, want %q", names, got, want)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cases := map[time.Duration]string{
		0: "just now", 44 * time.Second: "just now", 50 * time.Second: "50 s ago", 61 * time.Second: "1 min ago",
		59 * time.Minute: "59 min ago", 47 * time.Hour: "47 h ago", 48 * time.Hour: "2 days ago",
		-10 * time.Second: "in a moment", -90 * time.Minute: "in 1 h", -72 * time.Hour: "in 3 days",
	}
	for d, want := range cases {
		if got := Age(now, now.Add(-d)); got != want {
			t.Errorf("Age(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	cases := map[time.Duration]string{
		400 * time.Millisecond: "0.4 s", 0: "under 0.1 s", 49 * time.Millisecond: "under 0.1 s", 50 * time.Millisecond: "0.1 s", 12 * time.Second: "12 s", 185 * time.Second: "3 min 05 s", 130 * time.Minute: "2 h 10 min",
	}
	for d, want := range cases {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestTimesNameTheirZone(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	if got, want := Clock(at, paris), "Tue 24 Nov, 03:00 Europe/Paris"; got != want {
		t.Errorf("Clock = %q, want %q", got, want)
	}
	if got, want := OwnClock(at, paris), "Tue 24 Nov, 03:00"; got != want {
		t.Errorf("OwnClock = %q, want %q", got, want)
	}
	if got, want := ExactIn(at, paris), "2026-11-24 03:00:00 Europe/Paris (02:00:00 UTC)"; got != want {
		t.Errorf("ExactIn = %q, want %q", got, want)
	}
	if got, want := ExactIn(at, time.UTC), "2026-11-24 02:00:00 UTC"; got != want {
		t.Errorf("ExactIn = %q, want %q", got, want)
	}
	if got, want := Exact(at.In(paris)), "2026-11-24 02:00:00 UTC"; got != want {
		t.Errorf("Exact = %q, want %q", got, want)
	}
}

func TestLength(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * 24 * time.Hour: "30 days", 24 * time.Hour: "1 day", 36 * time.Hour: "36 hours", 90 * time.Minute: "90 minutes", time.Minute: "1 minute", 90 * time.Second: "90 seconds", 0: "0 seconds",
	} {
		if got := Length(d); got != want {
			t.Errorf("Length(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestList(t *testing.T) {
	for want, things := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b, c and d": {"a", "b", "c", "d"}} {
		if got := List(things); got != want {
			t.Errorf("List(%q) = %q, want %q", things, got, want)
		}
	}
}
