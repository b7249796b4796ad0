// Package api answers programs: JSON in, JSON out, and downloads. Its shapes
// are the outside contract; the entities behind them may change without it.
package api
