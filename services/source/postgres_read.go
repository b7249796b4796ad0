package source

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/backupman/backupman/models"
)

// readPostgres reads an archive to its end, without a server, and returns what it holds.
// It refuses what pg_dump does not write.
func readPostgres(ctx context.Context, dump io.Reader, _ string) (models.Inventory, error) {
	scan := newArchiveScanner()
	defer scan.stop()
	scan.guard = guardArchive
	if err := scanArchive(ctx, scan, dump, io.Discard); err != nil {
		return models.Inventory{}, err
	}
	inv := models.Inventory{Database: scan.head.database, ServerVersion: scan.head.server, Tool: "pg_dump",
		ToolVersion: firstWord(scan.head.tool), Tables: scan.Tables(), Objects: scan.Objects()}
	return inv, nil
}

// firstWord leaves out what distributions add to a version.
func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// scanArchive hands an archive to a scanner, from its beginning to its end, and each piece
// to out once the scanner has found nothing wrong with it.
func scanArchive(ctx context.Context, scan *archiveScanner, dump io.Reader, out io.Writer) error {
	buf := make([]byte, readSize)
	for !scan.completed {
		n, err := dump.Read(buf)
		_, _ = scan.Write(buf[:n])
		if scan.err == nil {
			if _, err := out.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return wholeArchive(scan)
		case err != nil:
			return err
		}
	}
	return wholeArchive(scan)
}

// wholeArchive ends the scan and says in a sentence what is wrong with the archive.
func wholeArchive(scan *archiveScanner) error {
	err := scan.end()
	var fault *models.Fault
	if err == nil || errors.As(err, &fault) {
		return err
	}
	return models.Invalidf("the file is not a whole archive of pg_dump: %v", err)
}
