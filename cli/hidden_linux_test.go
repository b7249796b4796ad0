package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/e2e/needs"
)

// terminal opens a terminal, and what a person at it types into and sees.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		needs.Missing(t, fmt.Sprintf("this machine gives no terminal: %v", err))
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		needs.Missing(t, fmt.Sprintf("this machine gives no terminal: %v", err))
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

func echoes(t *testing.T, program *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(program.Fd()), ioctlGetTermios)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestATerminalDoesNotShowWhatIsTyped(t *testing.T) {
	person, program := terminal(t)
	type result struct {
		text string
		err  error
	}
	came := make(chan result, 1)
	go func() {
		secret, err := twice(t.Context(), program, program, "", "Secret s3")
		came <- result{secret.Reveal(), err}
	}()
	seen := &lockedText{}
	go func() { _, _ = io.Copy(seen, person) }()
	for _, asks := range []string{"Secret s3: ", "Once more: "} {
		until(t, func() bool { return strings.Contains(seen.String(), asks) && !echoes(t, program) })
		if _, err := io.WriteString(person, "TOPSECRET\n"); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-came; got.err != nil || got.text != "TOPSECRET" {
		t.Errorf("read %q: %v", got.text, got.err)
	}
	if !echoes(t, program) {
		t.Error("afterwards the terminal shows nothing any more")
	}
	if _, err := io.WriteString(program, "end\n"); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return strings.Contains(seen.String(), "end") })
	if strings.Contains(seen.String(), "TOPSECRET") {
		t.Errorf("the person saw %q", seen)
	}
}

func TestAnInterruptedQuestionLeavesTheTerminalAsItWas(t *testing.T) {
	_, program := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := hiddenFrom(ctx, program, io.Discard, "", "Secret")
		ended <- err
	}()
	until(t, func() bool { return !echoes(t, program) })
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it did not end")
	}
	if !echoes(t, program) {
		t.Error("the terminal shows nothing any more")
	}
}
