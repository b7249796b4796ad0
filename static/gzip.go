package static

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
)

// TakesGzip reports whether a browser that sends this Accept-Encoding reads gzip.
func TakesGzip(accept string) bool {
	takes := false
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "gzip" || name == "x-gzip" {
			return weight(parameters) > 0
		}
		if name == "*" {
			takes = weight(parameters) > 0
		}
	}
	return takes
}

// weight is how much something is wanted, from 0 to 1; what cannot be read is not wanted.
func weight(parameters string) float64 {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, found := strings.Cut(p, "=")
		if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return 0
		}
		return q
	}
	return 1
}

// pack compresses an asset as far as gzip goes; nil when that makes it no smaller.
func pack(content []byte) []byte {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(content); err != nil {
		return nil
	}
	if err := w.Close(); err != nil || packed.Len() >= len(content) {
		return nil
	}
	return packed.Bytes()
}
