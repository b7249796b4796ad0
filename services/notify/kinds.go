package notify

import (
	"slices"

	"github.com/backupman/backupman/models"
)

// The providers of notifiers.
const (
	Webhook = "webhook"
	Mail    = "mail"
)

// The forms that a webhook's body takes.
const (
	formatJSON    = "json"
	formatSlack   = "slack"
	formatDiscord = "discord"
	formatNtfy    = "ntfy"
)

// The ways in which the connection to a mail server is kept from being read.
const (
	cryptoStartTLS = "starttls"
	cryptoTLS      = "tls"
	cryptoNone     = "none"
)

// Kinds returns the kinds of notifiers, in the order that forms show them.
func Kinds() []models.Kind { return []models.Kind{webhookKind(), mailKind()} }

// Lookup finds a kind by its provider, or returns models.ErrInvalid.
func Lookup(provider string) (models.Kind, error) {
	kinds := Kinds()
	if i := slices.IndexFunc(kinds, func(k models.Kind) bool { return k.Provider == provider }); i >= 0 {
		return kinds[i], nil
	}
	return models.Kind{}, models.Invalidf("there is no kind of notifier %q: use %s or %s", provider, Webhook, Mail)
}

func webhookKind() models.Kind {
	return models.Kind{Provider: Webhook, Name: "Webhook", Settings: []models.Setting{
		{Name: "url", Decides: models.DecidesReceiver, Label: "Address", Type: models.SettingText, Required: true, Secret: true,
			Help: "Where events are posted to, such as https://hooks.example.com/T0/B0. It is kept as a secret, because most services have their key in it."},
		{Name: "format", Decides: models.DecidesHow, Label: "Form", Type: models.SettingChoice, Default: formatJSON, Choices: []string{formatJSON, formatSlack, formatDiscord, formatNtfy},
			Words: map[string]string{formatJSON: "JSON", formatSlack: "Slack, Mattermost, Rocket.Chat", formatDiscord: "Discord", formatNtfy: "ntfy"},
			Help:  "What the service at the address reads; JSON for programs of your own."},
		{Name: "token", Decides: models.DecidesHow, Label: "Token", Type: models.SettingText, Secret: true,
			Help: "Sent as Authorization: Bearer TOKEN, where the service asks for one."},
	}}
}

func mailKind() models.Kind {
	return models.Kind{Provider: Mail, Name: "Mail", Settings: []models.Setting{
		{Name: "to", Decides: models.DecidesHow, Label: "To", Type: models.SettingText, Required: true,
			Help: "Who gets the mail, such as ops@example.com; several are parted by commas."},
		{Name: "from", Decides: models.DecidesHow, Label: "From", Type: models.SettingText,
			Help: "Who the mail is from; empty takes the account when that is an address, and else the first of those who get it."},
		{Name: "smtp_host", Decides: models.DecidesReceiver, Label: "Mail server", Type: models.SettingText, Required: true,
			Help: "The server that takes mail from you, such as smtp.example.com."},
		{Name: "smtp_port", Decides: models.DecidesReceiver, Label: "Port", Type: models.SettingInt, Default: "587", Least: 1,
			Help: "587 with STARTTLS, 465 with TLS, 25 for servers that take mail without an account."},
		{Name: "smtp_crypto", Decides: models.DecidesReceiver, Label: "Encryption", Type: models.SettingChoice, Default: cryptoStartTLS, Choices: []string{cryptoStartTLS, cryptoTLS, cryptoNone},
			Words: map[string]string{cryptoStartTLS: "STARTTLS", cryptoTLS: "TLS from the first byte", cryptoNone: "None"},
			Help:  "STARTTLS begins in the clear and goes on encrypted, or not at all. Without encryption, passwords are sent to this machine only."},
		{Name: "smtp_user", Decides: models.DecidesHow, Label: "Account", Type: models.SettingText,
			Help: "The name that the mail server knows you by; empty where it asks for none."},
		{Name: "smtp_password", Decides: models.DecidesHow, Label: "Password", Type: models.SettingText, Secret: true,
			Help: "The password of the account."},
	}}
}
