// Package jobs shows one job: when it runs, what was missed, and what is kept of it.
package jobs
