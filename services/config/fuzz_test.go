package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	yaml "go.yaml.in/yaml/v3"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// canary stands where secrets stand. A text that has it elsewhere, too, proves nothing.
const canary = "Hq7cAnArYz3"

// secretKeys are the keys whose values are never shown.
var secretKeys = []string{"password", "secret_key", "api_keys", "signing_key", "restore_password"}

func fuzzTexts(f *testing.F) []string {
	f.Helper()
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	texts := []string{string(example), "", "version: 2", "version: [1", "a: *" + canary, "a: &x [*x]", "drives: &a [*a]", "a: &a {<<: *a}\n<<: *a", "a: &a {<<: *a}", "- 1\n- 2", "---\na: 1\n---\nb: 2", "\xef\xbb\xbfversion: 1", "\x00",
		"{" + strings.Repeat("[", 200), strings.Repeat("a:\n ", 40), "<<: [*a, *b]", "password: ${" + canary, "data: ${" + canary + ":-x}", "? [a]\n: b", "!!binary x: y", "data: !!float .inf",
		"outgoing: {private: 7, allow: [10.0.0.0/99, " + canary + "]}", "limits: {concurrent: -1}", "shutdown_grace: 99999999999999h"}
	for _, secret := range []string{canary, `"` + canary + `"`, "[" + canary + "]", "{a: " + canary + "}", "*" + canary, "&" + canary, "!" + canary, "%" + canary, "@" + canary, "`" + canary, canary + ": x",
		"${" + canary + "}", "|\n      " + canary, "'" + canary, "\"\\x" + canary + "\"", "- " + canary, canary + "\n  x", "\t" + canary, "{" + canary, canary + "\x00"} {
		for _, key := range []string{"password", "password: x\n    port", "port", "restore_password", "passwort"} {
			texts = append(texts, "data_sources:\n  - label: shop\n    provider: mysql\n    db_name: shop\n    user: u\n    "+key+": "+secret+"\n")
		}
		texts = append(texts, "http:\n  api_keys: "+secret+"\n", "http:\n  api_keys:\n    - "+secret+"\n", "http: {signing_key: "+secret+"}\n",
			"drives:\n  - {label: x, provider: s3, bucket: b, secret_key: "+secret+"}\n", "database: {provider: mysql, password: "+secret+"}\n")
	}
	return texts
}

// FuzzLoad reads whole files. A mistake has its line, and no sentence shows a secret.
func FuzzLoad(f *testing.F) {
	f.Add(base)
	f.Add("data_sources: [{label: shop, provider: mysql, db_name: s, user: u}]\ndrives: [{label: nas, provider: local, folder: /x}]\njobs:\n  - label: n\n    data_source: shop\n    retention:\n      drives:\n        nowhere:\n")
	for _, m := range mistakes {
		f.Add(strings.Replace(base, m.old, m.new, 1))
	}
	for _, text := range fuzzTexts(f) {
		f.Add(text)
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 || strings.Contains(text, "_file") {
			return // files that are named are read, whatever they are
		}
		file := filepath.Join(folder, fmt.Sprintf("c%d.yaml", os.Getpid()))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(file, options(nil))
		told := fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.Notes, c.Notes)
		if err != nil && c.File != "" {
			t.Fatal("mistakes come with a configuration")
		}
		if err != nil {
			told += err.Error()
			checkProblems(t, text, file, err)
		}
		if strings.Count(text, canary) == 1 && isSecret(text) && strings.Contains(told, canary) {
			t.Fatalf("a secret is shown: %s", told)
		}
	})
}

func checkProblems(t *testing.T, text, file string, err error) {
	t.Helper()
	var problems config.Errors
	if !errors.As(err, &problems) || !errors.Is(err, models.ErrInvalid) || len(problems) == 0 {
		t.Fatalf("%v are no mistakes", err)
	}
	lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029") + 2
	for _, p := range problems {
		if p.File != file || p.Line < 1 || p.Line > lines || p.Sentence == "" {
			t.Fatalf("a mistake is at %s:%d of %d lines: %s", p.File, p.Line, lines, p.Sentence)
		}
	}
}

// isSecret reports whether the canary is a secret of a text, or a text that is no YAML.
func isSecret(text string) bool {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	if decoder.Decode(&document) != nil {
		return true
	}
	return len(document.Content) == 1 && holdsSecret(document.Content[0], 0)
}

func holdsSecret(node *yaml.Node, depth int) bool {
	if depth > 8 {
		return false
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 && slices.Contains(secretKeys, node.Content[i-1].Value) && isCanary(child) {
			return true
		}
		if holdsSecret(child, depth+1) {
			return true
		}
	}
	return false
}

// isCanary reports whether a value is the canary, or a list with it.
func isCanary(node *yaml.Node) bool {
	if node.Kind == yaml.SequenceNode {
		return slices.ContainsFunc(node.Content, isCanary)
	}
	// The name of a variable is told, where it is not set.
	return node.Kind == yaml.ScalarNode && strings.Contains(node.Value, canary) && !strings.Contains(node.Value, "${")
}
