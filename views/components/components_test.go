package components

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestComponents(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	then := now.Add(-90 * time.Minute)
	cases := map[string]struct {
		component templ.Component
		want      string
	}{
		"an age":           {Time(Ago(now, &then)), `<time datetime="2026-11-23T10:30:00Z" title="2026-11-23 10:30:00 UTC" data-age>1 h ago</time>`},
		"a clock":          {Time(At(then, time.UTC)), `<time datetime="2026-11-23T10:30:00Z" title="2026-11-23 10:30:00 UTC">Mon 23 Nov, 10:30 UTC</time>`},
		"no time":          {Time(Ago(now, nil)), `<span>never</span>`},
		"a size":           {Size(1450000), `<data class="whitespace-nowrap" value="1450000" title="1,450,000 bytes">1.4 MB</data>`},
		"known progress":   {Bar(Progress{Label: "of a", Percent: 40}), `<progress class="progress progress-info w-full" aria-label="of a" max="100" value="40">40%</progress>`},
		"unknown progress": {Bar(Progress{Label: "of a", Percent: -1}), `<progress class="progress progress-info w-full" aria-label="of a"></progress>`},
		"an announcement":  {Announce("done"), `<div id="announcer" hx-swap-oob="innerHTML">done</div>`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := render(t, c.component); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestActionsAreFormsThatPost(t *testing.T) {
	plain := render(t, Act(Action{Path: "/jobs/1/run", Label: "Run now", Icon: "play", About: "shop"}))
	for _, want := range []string{`<form method="post" action="/jobs/1/run">`, `<button type="submit"`, "Run now", `<span class="sr-only">: shop</span>`} {
		if !strings.Contains(plain, want) {
			t.Errorf("%s lacks %s", plain, want)
		}
	}
	if strings.Contains(plain, "hx-") || strings.Contains(plain, "disabled") {
		t.Errorf("a plain action is swapped or disabled: %s", plain)
	}
	swapped := render(t, Act(Action{ID: "run-1", Path: "/jobs/1/run", Swap: "closest article", Waits: true}))
	for _, want := range []string{`hx-post="/jobs/1/run"`, `hx-target="closest article"`, `id="run-1"`, `aria-disabled="true"`} {
		if !strings.Contains(swapped, want) {
			t.Errorf("%s lacks %s", swapped, want)
		}
	}
}

// A sign is decoration; what is meant must be readable without it.
func TestBadgesSayTheirStatusInWords(t *testing.T) {
	for _, tone := range []Tone{ToneGood, ToneBusy, ToneWarn, ToneBad, ToneQuiet} {
		got := render(t, Badge(Chip{Tone: tone, Icon: "check", Text: "Finished"}))
		if !strings.Contains(got, "Finished") || !strings.Contains(got, `aria-hidden="true"`) || !strings.Contains(got, "tone-"+string(tone)) {
			t.Errorf("%s: %s", tone, got)
		}
	}
}

func TestEveryIconThatIsNamedIsDrawn(t *testing.T) {
	for _, name := range []string{"shield", "check", "circle", "cross", "warning", "turning", "play", "retry", "download", "copy", "database", "system", "light", "dark"} {
		if got := render(t, Icon(name, "")); !strings.Contains(got, "<path") {
			t.Errorf("the icon %q is empty", name)
		}
	}
}

func TestTimesAreToldByTheClockOfWhoLooks(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	now := at.Add(3 * time.Hour)
	for name, c := range map[string]struct {
		zone         *time.Location
		moment       Moment
		words, exact string
	}{
		"before the browser has told":    {nil, At(at, nil), "Tue 24 Nov, 02:00 UTC", "2026-11-24 02:00:00 UTC"},
		"once it has":                    {paris, At(at, nil), "Tue 24 Nov, 03:00", "2026-11-24 03:00:00 Europe/Paris (02:00:00 UTC)"},
		"a job keeps its zone":           {paris, At(at, time.UTC), "Tue 24 Nov, 02:00 UTC", "2026-11-24 03:00:00 Europe/Paris (02:00:00 UTC)"},
		"an age is of no zone":           {paris, Ago(now, &at), "3 h ago", "2026-11-24 03:00:00 Europe/Paris (02:00:00 UTC)"},
		"an age before it has been told": {nil, Ago(now, &at), "3 h ago", "2026-11-24 02:00:00 UTC"},
	} {
		var b strings.Builder
		if err := Time(c.moment).Render(WithViewer(t.Context(), Viewer{Zone: c.zone}), &b); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.Contains(got, ">"+c.words+"<") || !strings.Contains(got, `title="`+c.exact+`"`) || !strings.Contains(got, `datetime="2026-11-24T02:00:00Z"`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Labels that people choose are part of names of fields, and have spaces.
func TestAFieldIsTiedToItsRemark(t *testing.T) {
	html := render(t, Input(Field{Name: "retention.drives.my nas.daily", Problem: "It is wrong.", Check: "/check"}))
	if !strings.Contains(html, `id="remark-retention.drives.my%20nas.daily"`) || !strings.Contains(html, `aria-describedby="remark-retention.drives.my%20nas.daily"`) {
		t.Errorf("it is %s", html)
	}
}
