package config

import (
	"crypto/tls"
	"path/filepath"

	"github.com/backupman/backupman/models"
)

// secrets reads where the key comes from that seals secrets.
func (l *loader) secrets(t *table) Secrets {
	key, file := t.text("key"), t.text("key_file")
	s := Secrets{Key: models.NewSecret(key.text), KeyCommand: values(t.texts("key_command"))}
	if file.set {
		s.KeyFile = l.beside(file.text)
	}
	t.end()
	given := 0
	for _, there := range []bool{key.set, file.set, len(s.KeyCommand) > 0} {
		if there {
			given++
		}
	}
	if given > 1 {
		l.problem(t.line, "secrets has more than one of key, key_file and key_command: keep one of them; a file may have several keys, a line each")
	}
	return s
}

// audit reads how long the audit log is kept.
func (l *loader) audit(t *table) Audit {
	a := Audit{Keep: DefaultAuditKeep}
	if keep, ok := t.duration("keep"); ok {
		a.Keep = keep.length
		t.notNothing("keep", keep)
	}
	t.end()
	return a
}

// certificate reads the files of the certificate that is served with, both or none.
func (t *table) certificate() (cert, key string) {
	certFile, keyFile := t.text("tls_cert"), t.text("tls_key")
	switch {
	case !certFile.set && !keyFile.set:
		return "", ""
	case certFile.bad || keyFile.bad:
	case !keyFile.set:
		t.l.problem(certFile.line, "%s needs %s, the file of its private key", t.path("tls_cert"), t.path("tls_key"))
	case !certFile.set:
		t.l.problem(keyFile.line, "%s needs %s, the file of the certificate", t.path("tls_key"), t.path("tls_cert"))
	default:
		cert, key = t.l.beside(certFile.text), t.l.beside(keyFile.text)
		if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
			t.l.problem(certFile.line, "%s and tls_key can't be used together: %s", t.path("tls_cert"), err)
		}
	}
	return cert, key
}

// beside finds a file that the configuration names: below its own folder, as with *_file.
func (l *loader) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(l.dir, name)
}
