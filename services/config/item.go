package config

import (
	"maps"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/backupman/backupman/models"
)

// NoEncryption is what the field "encryption" of a job says where the job has none although
// the configuration file names one for all jobs.
const NoEncryption = "none"

// ReadItem reads one thing that was set up on a page, with the checks, the defaults and
// the sentences of the file, and adds it to a plan. plan has what a job or a notifier may
// name; c has what the file says for all jobs. Values are literal: neither variables nor
// files are read for them, and only secrets may be references. The error is a
// models.FieldErrors, and the plan is then as it was.
func (c Config) ReadItem(item models.PlanItem, plan models.Plan, opts Options) (models.Plan, error) {
	l := &loader{page: true}
	made := nodesOf(item, declared(item, opts))
	root := l.table("", made.root)
	read := plan
	switch item.Kind {
	case models.PlanSource:
		read.Sources = append(slices.Clip(plan.Sources), l.sources(root, opts.Sources)...)
	case models.PlanDrive:
		read.Drives = append(slices.Clip(plan.Drives), l.drives(root, opts.Drives)...)
	case models.PlanJob:
		read.Jobs = append(slices.Clip(plan.Jobs), l.jobs(root, c.shared, opts.Sources, plan.Sources, plan.Drives)...)
	case models.PlanNotifier:
		read.Notifiers = append(slices.Clip(plan.Notifiers), l.notifiersOf(root, opts.Notifiers, plan.Jobs)...)
	default:
		return plan, models.Invalidf("there is nothing called %q that can be set up: use source, drive, job or notifier", item.Kind)
	}
	if len(l.problems) > 0 {
		return plan, made.faults(l.problems)
	}
	return read, nil
}

// EncryptsAll reports whether jobs that name no encryption are encrypted.
func (c Config) EncryptsAll() bool { return c.shared.encryption.On() }

// jobFields are those of a job whose absence has a field to be told at.
var jobFields = []string{"data_source", "drives", "schedule", "cron", "timezone", "window", "spread", "timeout", "compression"}

// declared are the fields that are known of an item's kind.
func declared(item models.PlanItem, opts Options) []string {
	kinds := map[models.PlanKind][]models.Kind{
		models.PlanSource: opts.Sources, models.PlanDrive: opts.Drives, models.PlanNotifier: opts.Notifiers,
	}
	if item.Kind == models.PlanJob {
		return jobFields
	}
	fields := []string{"provider"}
	for _, k := range kinds[item.Kind] {
		if k.Provider != item.Fields["provider"] {
			continue
		}
		for _, d := range k.Settings {
			fields = append(fields, d.Name)
		}
	}
	return fields
}

// lists are the keys of the file that are lists, by what has them.
var lists = map[models.PlanKind]string{models.PlanSource: "data_sources", models.PlanDrive: "drives", models.PlanJob: "jobs", models.PlanNotifier: "notifiers"}

// isList tells the fields that have one entry a line.
func isList(kind models.PlanKind, field string) bool {
	switch kind {
	case models.PlanJob:
		return field == "drives" || field == "encryption.recipients" || field == FormerPassphrases
	case models.PlanNotifier:
		return field == "events" || field == "jobs"
	}
	return false
}

// sheet is an item in the form of the file, in which each field has a line of its own.
type sheet struct {
	root *yaml.Node
	// fields are the names of the fields by their lines; the first is of all.
	fields []string
}

// nodesOf writes an item as a list of the file with one element. What is declared and has
// no value is null, so that it has a line, too.
func nodesOf(item models.PlanItem, declared []string) sheet {
	w := sheet{fields: []string{"", ""}} // no line is 0
	element := w.mapping(1)
	setKey(element, "label", w.value(item.Kind, "label", item.Label))
	for _, field := range declared {
		if item.Fields[field] == "" {
			setKey(element, field, w.null(field))
		}
	}
	for _, field := range slices.SortedFunc(maps.Keys(item.Fields), compareFields) {
		value, path := item.Fields[field], pathOf(item.Kind, field)
		switch {
		case value == "" || field == "label":
		case item.Kind == models.PlanJob && field == "encryption" && value == NoEncryption:
			setKey(element, field, w.mapping(w.line(field)))
		default:
			setKey(w.within(element, path), path[len(path)-1], w.value(item.Kind, field, value))
		}
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: 1, Content: []*yaml.Node{element}}
	w.root = w.mapping(1)
	setKey(w.root, lists[item.Kind], list)
	return w
}

// compareFields puts what a thing is before how it is.
func compareFields(a, b string) int {
	first := func(field string) bool { return field == "provider" || field == "data_source" }
	switch {
	case first(a) == first(b):
		return strings.Compare(a, b)
	case first(a):
		return -1
	}
	return 1
}

// pathOf splits the field of a job into the keys that lead to it. A drive's label may
// have dots, the rules of retention have none.
func pathOf(kind models.PlanKind, field string) []string {
	if kind != models.PlanJob {
		return []string{field}
	}
	group, rest, ok := strings.Cut(field, ".")
	if !ok || group != "retention" && group != "encryption" && group != "drill" {
		return []string{field}
	}
	at := strings.LastIndexByte(rest, '.')
	if label, ofDrive := strings.CutPrefix(rest, "drives."); ofDrive && group == "retention" && at >= len("drives.") {
		return []string{group, "drives", label[:at-len("drives.")], rest[at+1:]}
	}
	return []string{group, rest}
}

// within returns the mapping that the last key of a path is in.
func (w *sheet) within(element *yaml.Node, path []string) *yaml.Node {
	for i, key := range path[:len(path)-1] {
		inner := find(element, key)
		if inner == nil {
			inner = w.mapping(w.line(strings.Join(path[:i+1], ".")))
			setKey(element, key, inner)
		}
		element = inner
	}
	return element
}

func find(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key && mapping.Content[i+1].Kind == yaml.MappingNode {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func setKey(mapping *yaml.Node, key string, value *yaml.Node) {
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key, Line: value.Line}, value)
}

// line gives a field the next line.
func (w *sheet) line(field string) int {
	w.fields = append(w.fields, field)
	return len(w.fields) - 1
}

func (w *sheet) mapping(line int) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: line}
}

func (w *sheet) null(field string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: w.line(field)}
}

func (w *sheet) value(kind models.PlanKind, field, value string) *yaml.Node {
	line := w.line(field)
	text := func(s string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Line: line}
	}
	if !isList(kind, field) {
		return text(value)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: line}
	for entry := range strings.SplitSeq(value, "\n") {
		if entry = strings.TrimSpace(entry); entry != "" {
			list.Content = append(list.Content, text(entry))
		}
	}
	return list
}

// faults tells mistakes by the fields they are in, the first of each.
func (w *sheet) faults(problems []Problem) models.FieldErrors {
	faults := models.FieldErrors{}
	for _, p := range problems {
		field := ""
		if p.Line > 0 && p.Line < len(w.fields) {
			field = w.fields[p.Line]
		}
		if _, told := faults[field]; !told {
			faults[field] = atField(field, p.Sentence)
		}
	}
	return faults
}

// atField leaves out of a sentence the key that it begins with, where it is shown at the
// field itself.
func atField(field, sentence string) string {
	rest, ok := strings.CutPrefix(sentence, field)
	if field == "" || !ok {
		return sentence
	}
	if after, colon := strings.CutPrefix(rest, ": "); colon {
		return after
	}
	after, space := strings.CutPrefix(rest, " ")
	if !space || strings.HasPrefix(after, "and ") {
		return sentence
	}
	return after
}
