// Package replicas tests several servers that share one metadata database, and what a
// server that is killed at any moment leaves.
package replicas
