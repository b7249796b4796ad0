package config

import yaml "go.yaml.in/yaml/v3"

// Few lines that merge each other can stand for more mappings than there is time to read.
const deepestMerge, mostMerges = 10, 1000

func (t *table) merge(node *yaml.Node, depth int) {
	t.merged++
	switch {
	case t.merged == mostMerges:
		t.l.problem(node.Line, "%s merges (<<) more than %d mappings", t.name(), mostMerges)
	case t.merged > mostMerges:
	case depth > deepestMerge:
		t.l.problem(node.Line, "%s merges (<<) too deeply", t.name())
		t.merged = mostMerges // which is said already
	case node.Kind == yaml.MappingNode:
		t.fill(node, depth)
	case node.Kind == yaml.SequenceNode:
		for _, part := range node.Content {
			t.merge(resolve(part), depth+1)
		}
	default:
		t.l.problem(node.Line, "%s merges (<<) what is not a mapping", t.name())
	}
}
