// Package charts draws pictures as SVG on the server, from plain numbers and words. Each
// says in words what it shows, keeps the room that it takes, and is coloured by classes
// alone, so that it follows the theme and needs neither scripts nor inline styles.
package charts
