// Package pages answers people: it gathers what is known, lets the views build
// their models from it and renders them. Handlers return their errors to the
// one door.
package pages
