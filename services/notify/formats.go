package notify

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// discordLength is how many characters Discord takes, and ntfyLength how many bytes ntfy.
	discordLength = 2000
	ntfyLength    = 4000
)

// form is a message as a service reads it.
type form struct {
	contentType string
	body        []byte
	headers     map[string]string
}

func (f form) reader() io.Reader { return bytes.NewReader(f.body) }

// posted is the body of a webhook of the form json.
type posted struct {
	ID       string `json:"Id"`
	Event    models.Event
	Title    string
	Text     string
	Job      string
	BackupID string `json:"BackupId"`
	URL      string `json:"Url"`
	At       time.Time
}

func formOf(format string, m message) form {
	switch format {
	case formatSlack:
		return asJSON(map[string]any{"text": "*" + slackText(m.title) + "*\n" + slackText(m.body())})
	case formatDiscord:
		text := cut("**"+m.title+"**\n"+m.body(), discordLength)
		return asJSON(map[string]any{"content": text, "allowed_mentions": map[string]any{"parse": []string{}}})
	case formatNtfy:
		return ntfy(m)
	}
	return asJSON(posted{ID: m.id, Event: m.event, Title: m.title, Text: m.text, Job: m.job, BackupID: m.backupID, URL: m.url, At: m.at.UTC()})
}

func asJSON(v any) form {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // texts always encode
	return form{contentType: "application/json", body: body.Bytes()}
}

// slackText keeps labels and errors from naming people and channels, as Slack documents.
func slackText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// ntfy has the text as the body and the rest in headers.
func ntfy(m message) form {
	text := m.text
	for len(text) > ntfyLength {
		text = cut(text, len([]rune(text))-1-(len(text)-ntfyLength)/4)
	}
	f := form{contentType: "text/plain; charset=utf-8", body: []byte(text), headers: map[string]string{
		"Title": mime.QEncoding.Encode("utf-8", m.title), "Tags": tag(m.event),
	}}
	if m.url != "" {
		f.headers["Click"] = m.url
	}
	if m.event.Usual() && m.event != models.EventRecovered {
		f.headers["Priority"] = "high"
	}
	return f
}

// tag is the sign that ntfy shows with an event.
func tag(e models.Event) string {
	switch e {
	case models.EventFinished, models.EventProven, models.EventRecovered, models.EventDriveGood, models.EventTest:
		return "white_check_mark"
	}
	return "warning"
}

// cut shortens a text to a number of characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
