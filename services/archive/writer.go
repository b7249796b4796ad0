package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync/atomic"

	"filippo.io/age"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/minio/crc64nvme"

	"github.com/backupman/backupman/models"
)

// level is how hard zstd tries. The next one takes half as much processor time
// again, while the database's snapshot is held, and makes dumps a few percent
// smaller, or larger: see docs/adr/0008-zstd-level.md.
const level = zstd.SpeedFastest

// window is the zstd window in bytes, the one that zstd's own level 3 uses. A
// larger one finds hardly more in a dump and takes nearly twice the time, because
// it no longer fits the processor's cache.
const window = 2 << 20

// Writer compresses, encrypts and hashes one dump on its way to a file. Close must
// return nil before anything of it may be believed.
type Writer struct {
	pack io.WriteCloser
	// lock is nil where nothing is encrypted.
	lock io.WriteCloser
	out  *countingWriter
	raw  atomic.Int64

	recipients []age.Recipient
}

// NewWriter returns a Writer that packs into dst, and encrypts only when that is asked for.
func NewWriter(dst io.Writer, c models.Compression, options ...Option) (*Writer, error) {
	w := &Writer{out: &countingWriter{dst: dst, sum: sha256.New(), crc: crc64nvme.New()}}
	for _, o := range options {
		o(w)
	}
	into := io.Writer(w.out)
	var err error
	if len(w.recipients) > 0 {
		if w.lock, err = age.Encrypt(w.out, w.recipients...); err != nil {
			return nil, fmt.Errorf("start to encrypt: %w", err)
		}
		into = w.lock
	}
	if w.pack, err = packer(into, c); err != nil {
		return nil, err
	}
	return w, nil
}

func packer(out io.Writer, c models.Compression) (io.WriteCloser, error) {
	switch c {
	case models.CompressionZstd:
		enc, err := zstd.NewWriter(out,
			zstd.WithEncoderLevel(level),
			zstd.WithEncoderConcurrency(2),
			zstd.WithWindowSize(window))
		if err != nil {
			return nil, fmt.Errorf("start zstd: %w", err)
		}
		return enc, nil
	case models.CompressionGzip:
		return gzip.NewWriterLevel(out, gzip.DefaultCompression)
	case models.CompressionNone:
		return &plain{bufio.NewWriterSize(out, 256<<10)}, nil
	default:
		return nil, models.Invalidf("there is no compression called %q: use zstd, gzip or none", c)
	}
}

// Write packs p.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.pack.Write(p)
	w.raw.Add(int64(n))
	return n, err
}

// Close writes what is still held back, and the ends of the formats: first of what is
// packed, then of what is encrypted around it.
func (w *Writer) Close() error {
	if err := w.pack.Close(); err != nil {
		return fmt.Errorf("finish the compressed file: %w", err)
	}
	if w.lock == nil {
		return nil
	}
	if err := w.lock.Close(); err != nil {
		return fmt.Errorf("finish the encrypted file: %w", err)
	}
	return nil
}

// RawSize returns how many bytes have been written to the Writer so far.
func (w *Writer) RawSize() int64 { return w.raw.Load() }

// Size returns how many packed bytes have reached the file so far.
func (w *Writer) Size() int64 { return w.out.n.Load() }

// SHA256 returns the digest of the packed bytes. It is whole after Close.
func (w *Writer) SHA256() string { return hex.EncodeToString(w.out.sum.Sum(nil)) }

// CRC64 returns the CRC-64/NVME of the packed bytes, as sixteen hexadecimal digits.
// It is whole after Close.
func (w *Writer) CRC64() string { return fmt.Sprintf("%016x", w.out.crc.Sum64()) }

type countingWriter struct {
	dst io.Writer
	sum hash.Hash
	crc hash.Hash64
	n   atomic.Int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.dst.Write(p)
	w.sum.Write(p[:n])
	w.crc.Write(p[:n])
	w.n.Add(int64(n))
	return n, err
}

type plain struct{ *bufio.Writer }

func (p *plain) Close() error { return p.Flush() }

// errEmpty wraps what a file that was cut short gives; zstd compares errors, and would
// take that itself for the end.
var errEmpty = fmt.Errorf("the file is empty: %w", io.ErrUnexpectedEOF)

// someReader takes the end of what holds nothing for a file that was cut short, which zstd
// takes for one without frames.
type someReader struct {
	from io.Reader
	some bool
}

// Read reads on.
func (r *someReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.some = r.some || n > 0
	if err == io.EOF && !r.some {
		err = errEmpty
	}
	return n, err
}

// Decode returns a reader of the dump inside a packed file. It returns an error
// for a file that is truncated or damaged where the format can tell.
func Decode(r io.Reader, c models.Compression) (io.ReadCloser, error) {
	switch c {
	case models.CompressionZstd:
		dec, err := zstd.NewReader(&someReader{from: r}, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fmt.Errorf("open the zstd file: %w", err)
		}
		return dec.IOReadCloser(), nil
	case models.CompressionGzip:
		dec, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("open the gzip file: %w", err)
		}
		return dec, nil
	case models.CompressionNone:
		return io.NopCloser(r), nil
	default:
		return nil, models.Invalidf("there is no compression called %q", c)
	}
}
