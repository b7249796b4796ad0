// Package config reads what a process is configured to do: defaults, then the
// YAML file, then the environment, then flags, each over the one before.
//
// The file is read as a tree of nodes, not into structs, so that every mistake
// in it is found in one go and told with its line, and so that what a kind of
// source or drive declares in models.Kind is all that is needed to read its
// settings. A file with any mistake is refused whole: nothing starts on half of
// what was meant.
//
// Nothing here ever prints a secret. Sentences name keys, and show values only
// of keys that are not secret.
package config
