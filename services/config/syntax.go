package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

var (
	yamlLine   = regexp.MustCompile(`line (\d+): `)
	yamlAnchor = regexp.MustCompile(`anchor '(.*)'`)
)

// syntax tells what the YAML reader could not read. Its own words are kept
// unless they quote the file: an unquoted password that begins with * would be
// shown as the name of an anchor.
func (l *loader) syntax(body []byte, err error) {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = strings.Replace(text, m[0], "", 1)
	}
	if m := yamlAnchor.FindStringSubmatch(text); m != nil {
		line = lineOf(body, m[1])
		text = "a value that begins with * or & is not an anchor of this file and needs quotes"
	}
	l.problem(line, "this is not YAML: %s: check the indentation and the quotes near this line", text)
}

// lineOf returns the first line that uses an anchor.
func lineOf(body []byte, anchor string) int {
	at := bytes.Index(body, []byte("*"+anchor))
	return 1 + bytes.Count(body[:max(at, 0)], []byte("\n"))
}
