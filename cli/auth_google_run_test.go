package cli

import (
	"bytes"
	"io"
	"testing"
)

// RunWithInput runs the command line with standard input.
func RunWithInput(t *testing.T, in io.Reader, out io.Writer, args []string) (code int, errOut string) {
	t.Helper()
	var said bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(&said)
	if err := root.ExecuteContext(t.Context()); err != nil {
		return 1, err.Error()
	}
	return 0, said.String()
}
