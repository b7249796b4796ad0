package config

import (
	"os"
	"strings"

	"github.com/backupman/backupman/models"
)

// secret reads KEY, or the file that KEY_file names. KEY may refer to a stored secret,
// which is then told by ref.
func (t *table) secret(key string) scalar {
	open := t.reference(key)
	if t.l.page {
		return open
	}
	file := t.text(key + "_file")
	switch {
	case !file.set:
		return open
	case open.set:
		t.l.problem(file.line, "%s and %s are both there: keep one of the two", t.path(key), safeKey(key+"_file"))
		return scalar{line: file.line, bad: true}
	}
	return t.noLookalike(key, t.l.secretFile(t.path(key+"_file"), file))
}

// ownSecret reads a secret that cannot be stored among the others.
func (t *table) ownSecret(key string) scalar {
	s := t.secret(key)
	if s.ref == "" {
		return s
	}
	t.l.problem(s.line, "%s can't refer to a stored secret, because it is needed before those are opened, or by what does not open them: use ${VARIABLE} or %s", t.path(key), safeKey(key+"_file"))
	return scalar{line: s.line, bad: true}
}

// reference reads a value that may refer to a stored secret.
func (t *table) reference(key string) scalar {
	e, ok := t.get(key)
	if !ok {
		return scalar{line: t.at(key)}
	}
	return t.noLookalike(key, t.l.scalar(t.path(key), e.value, e.line))
}

// noLookalike refuses a text that came from elsewhere, such as a variable, and would be
// taken for a reference.
func (t *table) noLookalike(key string, s scalar) scalar {
	if _, alike := models.SecretRef(s.text); !alike || s.ref != "" {
		return s
	}
	t.l.problem(s.line, "%s has a text that reads as a reference to a stored secret and is none: write the reference itself into the file, or choose another secret", t.path(key))
	return scalar{line: s.line, bad: true}
}

// plain refuses a reference where there is no secret to keep.
func (l *loader) plain(path string, s scalar) scalar {
	if s.ref == "" {
		return s
	}
	l.problem(s.line, "%s can't refer to a stored secret: only settings that are secret can", path)
	return scalar{line: s.line, bad: true}
}

// secretFile returns what a file holds, without the newline editors put at its end.
func (l *loader) secretFile(path string, file scalar) scalar {
	name := l.beside(file.text)
	body, err := os.ReadFile(name)
	if err != nil {
		l.problem(file.line, "%s: the file %s cannot be read: %s", path, quote(name), reason(err))
		return scalar{line: file.line, bad: true}
	}
	text := strings.TrimRight(string(body), "\r\n")
	if text == "" {
		l.problem(file.line, "%s: the file %s is empty", path, quote(name))
		return scalar{line: file.line, bad: true}
	}
	return scalar{text: text, line: file.line, set: true}
}
