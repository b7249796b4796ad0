package restore

import "io"

// whileAlive lets a dump be read only while others take this run for alive: a process
// that was stopped, and goes on after another has settled its run, writes no more of it
// into the target.
func (r *run) whileAlive(dump io.ReadCloser, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, err
	}
	return &aliveReader{ReadCloser: dump, run: r}, nil
}

type aliveReader struct {
	io.ReadCloser
	run *run
}

func (a *aliveReader) Read(p []byte) (int, error) {
	if !a.run.alive.Alive() {
		return 0, errSilent
	}
	n, err := a.ReadCloser.Read(p)
	if !a.run.alive.Alive() { // it may have been stopped while it read
		return 0, errSilent
	}
	return n, err
}
