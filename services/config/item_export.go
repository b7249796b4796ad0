package config

import (
	"bytes"
	"fmt"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/backupman/backupman/models"
)

// exported are the kinds that a file has lists of, in its order. Notifiers have another
// form there.
var exported = []models.PlanKind{models.PlanSource, models.PlanDrive, models.PlanJob}

// Export writes what was set up on pages as a configuration file would say it, secrets as
// references to the stored ones. Notifiers are left out.
func Export(items []models.PlanItem) ([]byte, error) {
	document := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, kind := range exported {
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range items {
			if item.Kind == kind {
				made := nodesOf(item, nil)
				list.Content = append(list.Content, made.root.Content[1].Content...)
			}
		}
		if len(list.Content) > 0 {
			setKey(document, lists[kind], list)
		}
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	escape(document)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		return nil, fmt.Errorf("write what is set up: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

// escape keeps the file's reader from taking values for variables.
func escape(node *yaml.Node) {
	if _, refers := models.SecretRef(node.Value); node.Kind == yaml.ScalarNode && !refers {
		node.Value = strings.ReplaceAll(node.Value, "${", "$${")
	}
	for _, inner := range node.Content {
		escape(inner)
	}
}
