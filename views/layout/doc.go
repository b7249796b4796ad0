// Package layout is the frame around every page: navigation, search, theme and footer.
package layout
