// Package calendar shows what runs in the coming week.
package calendar
