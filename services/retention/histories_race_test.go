//go:build race

package retention

// histories is how many are tried with the race detector, which takes twenty times as
// long and looks for something else.
const histories = 4_000
