package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	yaml "go.yaml.in/yaml/v3"
)

// loader collects what is wrong and what is worth noting while one file is read.
type loader struct {
	file string
	// dir is the file's folder, which *_file paths are relative to.
	dir string
	env func(string) (string, bool)
	// page says that one thing of a page is read: its values are literal, no file is
	// opened for it, and sentences need not say whose they are.
	page     bool
	problems []Problem
	notes    []Problem
	lines    map[place]int
}

func (l *loader) problem(line int, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: l.file, Line: line, Sentence: fmt.Sprintf(format, args...)})
}

func (l *loader) note(line int, format string, args ...any) {
	l.notes = append(l.notes, Problem{File: l.file, Line: line, Sentence: fmt.Sprintf(format, args...)})
}

// outside reports a mistake that has no line; an empty sentence is none.
func (l *loader) outside(name, sentence string) {
	if sentence != "" {
		l.problems = append(l.problems, Problem{File: name, Sentence: sentence})
	}
}

func (l *loader) result(c Config) (Config, error) {
	if len(l.problems) > 0 {
		sortByLine(l.problems)
		return Config{}, Errors(l.problems)
	}
	sortByLine(l.notes)
	c.Notes, c.lines = sentences(l.notes), l.lines
	return c, nil
}

// root reads the whole file into c.
func (l *loader) root(body []byte, c *Config, opts Options) {
	document, ok := l.parse(body)
	if !ok || document == nil {
		return
	}
	t := l.table("", document)
	l.version(t)
	if data := t.text("data"); data.set {
		c.Data = data.text
	}
	c.ScratchFolder = t.text("scratch_folder").text
	c.Database = l.database(t.sub("database"))
	c.Sources = l.sources(t, opts.Sources)
	c.Drives = l.drives(t, opts.Drives)
	shared := forAll{retention: l.retention(t.sub("retention")), encryption: l.encryption(t.sub("encryption"))}
	c.Notifiers = l.notifiers(t.sub("notifiers"), opts.Notifiers)
	c.Outgoing = l.outgoing(t.sub("outgoing"))
	c.Limits, c.ShutdownGrace = l.limits(t.sub("limits")), t.shutdownGrace()
	c.HTTP, shared.timing = l.http(t.sub("http"))
	c.Accounts, c.OIDC = l.accounts(t.sub("accounts")), l.oidc(t.sub("oidc"))
	c.Secrets, c.Audit = l.secrets(t.sub("secrets")), l.audit(t.sub("audit"))
	l.unusedProvider(t, *c)
	c.shared = shared
	c.Jobs = l.jobs(t, shared, opts.Sources, c.Sources, c.Drives)
	t.end()
}

func (l *loader) version(t *table) {
	if v, ok := t.integer("version"); ok && v.number != 1 {
		l.problem(v.line, "version %d is not one that this program reads: write version: 1, or leave it out", v.number)
	}
}

// parse returns the file's one document, nil when the file is empty.
func (l *loader) parse(body []byte) (*yaml.Node, bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		return nil, true
	}
	if err != nil {
		l.syntax(body, err)
		return nil, false
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		l.syntax(body, err)
	default:
		l.problem(second.Line, "a second document begins here after a line with ---: a configuration is one document")
	}
	if len(first.Content) == 0 {
		return nil, true
	}
	return first.Content[0], true
}
