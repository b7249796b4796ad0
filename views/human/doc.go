// Package human says numbers, sizes and times the way people read them. Every
// function is pure, so that what a page says can be tested without the page.
package human
