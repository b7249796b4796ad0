package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/backupman/backupman/models"
)

// table is one mapping of the file. Asking for a key makes it known; end
// reports the keys that nobody asked for.
type table struct {
	l *loader
	// prefix is put before a key in sentences, such as "http." or
	// `the drive "nas": `.
	prefix  string
	line    int
	entries map[string]entry
	// order is the keys as the file has them.
	order []string
	known []string
	// merged counts what was merged (<<).
	merged int
}

type entry struct {
	keyLine int
	line    int
	value   *yaml.Node
}

// scalar is one value, expanded.
type scalar struct {
	text string
	line int
	// set says that the file has a value, and not an empty one.
	set bool
	// bad says that a problem with it was reported already.
	bad bool
	// ref is the stored secret that the value refers to, and text the reference.
	ref string
}

type whole struct {
	number int
	line   int
}

func (l *loader) table(prefix string, node *yaml.Node) *table {
	t := &table{l: l, prefix: prefix, entries: map[string]entry{}}
	if node == nil {
		return t
	}
	t.line = node.Line
	node = resolve(node)
	if isNull(node) {
		return t
	}
	if node.Kind != yaml.MappingNode {
		l.problem(t.line, "%s must hold keys and values, not %s", t.name(), shape(node))
		return t
	}
	t.fill(node, 0)
	return t
}

// fill takes a mapping's entries; what a merge (<<) brings comes second.
func (t *table) fill(node *yaml.Node, depth int) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.ShortTag() == "!!merge":
			merged = append(merged, value)
		case resolve(key).Kind != yaml.ScalarNode:
			t.l.problem(key.Line, "%s has a key that is not text", t.name())
		default:
			t.add(resolve(key).Value, entry{keyLine: key.Line, line: value.Line, value: resolve(value)}, depth)
		}
	}
	for _, value := range merged {
		t.merge(resolve(value), depth+1)
	}
}

func (t *table) add(key string, e entry, depth int) {
	earlier, twice := t.entries[key]
	switch {
	case twice && depth > 0:
	case twice:
		t.l.problem(e.keyLine, "%s is written twice, first on line %d: keep one of the two", t.path(key), earlier.keyLine)
	default:
		t.entries[key] = e
		t.order = append(t.order, key)
	}
}

// name is what the table itself is called in a sentence.
func (t *table) name() string {
	name := strings.TrimRight(t.prefix, ".: ")
	switch {
	case name == "" && t.l.page:
		return "it"
	case name == "":
		return "the file"
	}
	return name
}

func (t *table) path(key string) string { return t.prefix + safeKey(key) }

// get marks a key as known and returns its value; ok is false when it is not
// there or null.
func (t *table) get(key string) (entry, bool) {
	if !slices.Contains(t.known, key) {
		t.known = append(t.known, key)
	}
	e, ok := t.entries[key]
	return e, ok && !isNull(e.value)
}

// at is the line of a key, or the table's when the key is not there.
func (t *table) at(key string) int {
	if e, ok := t.entries[key]; ok {
		return e.keyLine
	}
	return t.line
}

func (t *table) text(key string) scalar {
	e, ok := t.get(key)
	if !ok {
		return scalar{line: t.at(key)}
	}
	return t.l.plain(t.path(key), t.l.scalar(t.path(key), e.value, e.line))
}

// boolean reads true and false also when they are written as text.
func (t *table) boolean(key string) bool { return t.booleanOr(key, false) }

// booleanOr returns fallback when the file does not say.
func (t *table) booleanOr(key string, fallback bool) bool {
	s := t.text(key)
	if !s.set {
		return fallback
	}
	value, ok := truth(s.text)
	if !ok {
		t.l.problem(s.line, "%s must be true or false, not %s", t.path(key), quote(s.text))
	}
	return value
}

func truth(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return false, false
}

func (t *table) integer(key string) (whole, bool) {
	s := t.text(key)
	if !s.set {
		return whole{line: s.line}, false
	}
	n, err := strconv.Atoi(s.text)
	if err != nil {
		t.l.problem(s.line, "%s must be a whole number, not %s", t.path(key), quote(s.text))
		return whole{line: s.line}, false
	}
	return whole{number: n, line: s.line}, true
}

// count reads a number that is not negative.
func (t *table) count(key string) (whole, bool) {
	n, ok := t.integer(key)
	if ok && n.number < 0 {
		t.l.problem(n.line, "%s must be 0 or more, not %d", t.path(key), n.number)
		return n, false
	}
	return n, ok
}

func (t *table) port(key string) (whole, bool) {
	n, ok := t.integer(key)
	if ok && (n.number < 1 || n.number > 65535) {
		t.l.problem(n.line, "%s must be from 1 to 65535, not %d", t.path(key), n.number)
		return n, false
	}
	return n, ok
}

func (t *table) sub(key string) *table {
	e, ok := t.get(key)
	if !ok {
		none := t.l.table(t.prefix+key+".", nil)
		none.line = t.at(key)
		return none
	}
	inner := t.l.table(t.prefix+key+".", e.value)
	inner.line = e.keyLine
	return inner
}

// items returns the elements of a list.
func (t *table) items(key string) []*yaml.Node {
	e, ok := t.get(key)
	if !ok {
		return nil
	}
	if e.value.Kind != yaml.SequenceNode {
		t.l.problem(e.line, "%s must be a list, not %s: begin each element with a dash", t.path(key), shape(e.value))
		return nil
	}
	return e.value.Content
}

// elements returns a list's mappings, and reports elements that are not.
func (t *table) elements(key, noun string) []*table {
	var out []*table
	for i, node := range t.items(key) {
		inner := t.l.table(t.l.inFile(fmt.Sprintf("%s %d: ", noun, i+1)), node)
		switch kind := resolve(node); {
		case len(inner.entries) > 0:
			out = append(out, inner)
		case isNull(kind) || kind.Kind == yaml.MappingNode:
			t.l.problem(node.Line, "%s is empty: fill it in or remove it", inner.name())
		}
	}
	return out
}

// texts returns the elements of a list of values.
func (t *table) texts(key string) []scalar {
	var out []scalar
	for _, node := range t.items(key) {
		path := "an element of " + t.path(key)
		s := t.l.plain(path, t.l.scalar(path, resolve(node), node.Line))
		if !s.set && !s.bad {
			t.l.problem(s.line, "an element of %s is empty: fill it in or remove it", t.path(key))
		}
		out = append(out, s)
	}
	return out
}

// end reports the keys that nobody asked for.
func (t *table) end() {
	for _, key := range t.order {
		if slices.Contains(t.known, key) {
			continue
		}
		t.l.problem(t.entries[key].keyLine, "%s is not a key that is known here%s", t.path(key), advise(key, t.known))
	}
}

func (l *loader) scalar(path string, node *yaml.Node, line int) scalar {
	if isNull(node) {
		return scalar{line: line}
	}
	if node.Kind != yaml.ScalarNode {
		l.problem(line, "%s must be one value, not %s", path, shape(node))
		return scalar{line: line, bad: true}
	}
	if name, ok := models.SecretRef(node.Value); ok {
		return scalar{text: node.Value, line: line, set: true, ref: name}
	}
	text, sentence := l.expanded(node.Value)
	if sentence == "" && strings.ContainsRune(text, 0) {
		sentence = "holds a NUL character, which no program takes"
	}
	if sentence != "" {
		l.problem(line, "%s %s", path, sentence)
		return scalar{line: line, bad: true}
	}
	return scalar{text: text, line: line, set: text != ""}
}

// expanded replaces variables, which are for the file only.
func (l *loader) expanded(text string) (expanded, sentence string) {
	if l.page {
		return text, ""
	}
	return expand(text, l.env)
}

// inFile is a part of a sentence that only who reads a file is helped by.
func (l *loader) inFile(part string) string {
	if l.page {
		return ""
	}
	return part
}

func resolve(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == 0 || node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

func shape(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_.-]{0,40}`)

// safeKey shows only the part of a key that looks like one: a missing space,
// as in {password:x}, makes a key of a secret.
func safeKey(key string) string {
	plain := plainKey.FindString(key)
	if plain != key {
		return plain + "…"
	}
	return key
}

const longestQuote = 60

func quote(text string) string {
	if runes := []rune(text); len(runes) > longestQuote {
		text = string(runes[:longestQuote]) + "…"
	}
	return strconv.Quote(text)
}
