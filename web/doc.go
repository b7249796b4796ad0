// Package web is the server's face: pages for people and an API for programs,
// over the same services. It and the packages below it are the only importers
// of gin.
package web
