package notify

import (
	"net/mail"
	"net/url"
	"strings"

	"github.com/backupman/backupman/models"
)

// Check tells what is wrong with the settings of a notifier beyond their types, by the names
// of the settings. What refers to a stored secret is not looked at.
func Check(n models.Notifier) models.FieldErrors {
	wrong := models.FieldErrors{}
	switch n.Provider {
	case Webhook:
		if why := urlFault(n.Settings["url"]); why != "" && plain(n.Settings["url"]) {
			wrong["url"] = why
		}
	case Mail:
		for _, name := range []string{"from", "to"} {
			if _, why := addresses(n.Settings[name]); why != "" {
				wrong[name] = why
			}
		}
		if strings.ContainsAny(n.Settings["smtp_host"], " /@") {
			wrong["smtp_host"] = "write the name of the mail server alone, such as smtp.example.com"
		}
		if port := n.Settings.Int("smtp_port", 587); port < 1 || port > 65535 {
			wrong["smtp_port"] = "a port is from 1 to 65535"
		}
		if n.Settings["smtp_user"] != "" && n.Settings["smtp_password"] == "" {
			wrong["smtp_password"] = "the account needs its password"
		}
	}
	return wrong
}

// plain reports whether a value is what it says, and not a reference to a stored secret.
func plain(value string) bool {
	_, refers := models.SecretRef(value)
	return value != "" && !refers
}

// urlFault says what is wrong with the address of a webhook, without telling it.
func urlFault(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "the address must begin with https:// or http:// and name a host"
	}
	return ""
}

// addresses reads addresses of mail, parted by commas or lines.
func addresses(text string) (all []*mail.Address, why string) {
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == ';' }) {
		line = strings.Trim(line, ", \t")
		if line == "" {
			continue
		}
		found, err := mail.ParseAddressList(line)
		if err != nil {
			return nil, "write addresses such as ops@example.com, parted by commas"
		}
		all = append(all, found...)
	}
	return all, ""
}
