//go:build !race

package retention

// histories is how many are tried.
const histories = 100_000
