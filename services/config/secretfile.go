package config

import (
	"os"
	"path/filepath"
	"strings"
)

// secret reads KEY, or the file that KEY_file names.
func (t *table) secret(key string) scalar {
	open, file := t.text(key), t.text(key+"_file")
	switch {
	case !file.set:
		return open
	case open.set:
		t.l.problem(file.line, "%s and %s are both there: keep one of the two", t.path(key), safeKey(key+"_file"))
		return scalar{line: file.line, bad: true}
	}
	return t.l.secretFile(t.path(key+"_file"), file)
}

// secretFile returns what a file holds, without the newline editors put at its end.
func (l *loader) secretFile(path string, file scalar) scalar {
	name := file.text
	if !filepath.IsAbs(name) {
		name = filepath.Join(l.dir, name)
	}
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
