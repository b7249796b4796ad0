package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/models"
)

// mostHidden bounds what is read as a secret, in bytes.
const mostHidden = 1 << 20

// hiddenFrom reads a secret: from a file, from standard input when that is "-" or not a
// terminal, and else from the terminal, which does not show it. One line end is cut.
func hiddenFrom(ctx context.Context, in io.Reader, out io.Writer, file, asks string) (models.Secret, error) {
	switch {
	case file != "" && file != "-":
		f, err := os.Open(file)
		if err != nil {
			return models.Secret{}, models.NotFoundf("the file %s can't be read: %v", file, errors.Unwrap(err))
		}
		defer f.Close()
		return readHidden(f)
	case file == "-" || !isTerminal(in):
		return readHidden(in)
	}
	fmt.Fprintf(out, "%s: ", asks)
	line, err := typed(ctx, in)
	fmt.Fprintln(out)
	return line, err
}

// twice asks for a new secret twice where a person types it.
func twice(ctx context.Context, in io.Reader, out io.Writer, file, asks string) (models.Secret, error) {
	first, err := hiddenFrom(ctx, in, out, file, asks)
	if err != nil || file != "" || !isTerminal(in) {
		return first, err
	}
	again, err := hiddenFrom(ctx, in, out, file, "Once more")
	if err == nil && !first.Equal(again) {
		err = models.Invalidf("the two are not the same: nothing was changed")
	}
	return first, err
}

func readHidden(in io.Reader) (models.Secret, error) {
	text, err := io.ReadAll(io.LimitReader(in, mostHidden+1))
	if err != nil {
		return models.Secret{}, fmt.Errorf("read the secret: %w", err)
	}
	if len(text) > mostHidden {
		return models.Secret{}, models.Invalidf("that is longer than 1 MiB, and no secret")
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	return models.NewSecret(line), nil
}

// typed reads a line from a terminal that does not show it. The terminal is as it was
// afterwards, also when the command is interrupted.
func typed(ctx context.Context, in io.Reader) (models.Secret, error) {
	f, ok := in.(*os.File)
	if !ok {
		return readHidden(in)
	}
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, ioctlGetTermios)
	if err != nil {
		return models.Secret{}, fmt.Errorf("ask the terminal: %w", err)
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	silent.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(fd, ioctlSetTermios, &silent); err != nil {
		return models.Secret{}, fmt.Errorf("ask the terminal: %w", err)
	}
	defer func() { _ = unix.IoctlSetTermios(fd, ioctlSetTermios, before) }()
	type answer struct {
		line string
		err  error
	}
	came := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(f).ReadString('\n')
		came <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return models.Secret{}, ctx.Err()
	case a := <-came:
		if a.err != nil {
			return models.Secret{}, fmt.Errorf("read the secret: %w", a.err)
		}
		return models.NewSecret(strings.TrimRight(a.line, "\r\n")), nil
	}
}
