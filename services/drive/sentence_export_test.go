package drive

// Unreachable puts an error of a connection into words.
func Unreachable(label, doing string, err error) error { return unreachable(label, doing, err) }
