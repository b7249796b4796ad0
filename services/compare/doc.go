// Package compare tells how two backups of a job differ, and whether one holds much
// less, or much more, than its job usually does. It works on manifests alone: nothing
// is read, opened or asked here.
//
// Names are compared as they are written. "Orders" and "orders" are two tables, as are
// tables of one name in two schemas.
package compare
