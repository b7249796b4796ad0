package secrets

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode"

	"github.com/backupman/backupman/models"
)

const (
	// commandTime bounds how long a key command may take.
	commandTime = 30 * time.Second
	// mostSaid bounds what is repeated of a key command's complaint, in bytes.
	mostSaid = 200
)

// runCommand returns what a key command prints. Of what it complains about the beginning
// of one line is told, and nothing of what it prints.
func runCommand(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	out, said := &bounded{most: mostKeys}, &bounded{most: mostSaid}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = os.Environ()
	cmd.Stdout, cmd.Stderr = out, said
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", models.Invalidf("secrets.key_command (%s) did not end within %s: run it by hand and see what it waits for", argv[0], commandTime)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return "", models.Invalidf("secrets.key_command: there is no program %s: write its whole path", argv[0])
	case err != nil:
		return "", models.Invalidf("secrets.key_command (%s) failed, %s%s: run it by hand as the account of this server", argv[0], err, said.line())
	case out.over:
		return "", models.Invalidf("secrets.key_command (%s) prints more than keys: it must print a key a line and nothing else", argv[0])
	}
	return out.buf.String(), nil
}

// bounded keeps the beginning of what is written, and takes the rest without keeping it.
type bounded struct {
	most int
	buf  bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - b.buf.Len()
	if len(p) > room {
		b.over = true
		b.buf.Write(p[:room])
		return len(p), nil
	}
	return b.buf.Write(p)
}

// line is the first line of what was written, for the end of a sentence.
func (b *bounded) line() string {
	first, _, _ := strings.Cut(strings.TrimSpace(b.buf.String()), "\n")
	first = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, first)
	if first == "" {
		return ""
	}
	return " (" + strings.TrimSpace(first) + ")"
}
