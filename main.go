// Backupman keeps databases restorable: it dumps them on a schedule, keeps
// copies on drives, and proves that each restores.
package main

import (
	"os"

	"github.com/backupman/backupman/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
