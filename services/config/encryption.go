package config

import "strings"

// encryption refuses recipients: to write unencrypted what was asked encrypted
// would be worse than not to start.
func (l *loader) encryption(t *table) {
	recipients := t.texts("recipients")
	for _, s := range recipients {
		if s.set && !strings.HasPrefix(s.text, "age1") {
			l.problem(s.line, "an element of %s is not an age public key: those begin with age1", t.path("recipients"))
		}
	}
	if len(recipients) > 0 {
		l.problem(t.at("recipients"), "%s cannot be carried out by this version, which would write the backups unencrypted: remove it, or keep the drives on encrypted disks", t.path("recipients"))
	}
	t.end()
}
