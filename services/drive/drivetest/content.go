package drivetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"

	"github.com/minio/crc64nvme"

	"github.com/backupman/backupman/services/drive"
)

// Content is a stream that any part of can be made again, so that files larger
// than memory can be put and compared. Equal seeds and sizes are equal bytes.
type Content struct {
	Seed uint64
	// Size is in bytes.
	Size int64
}

// At returns the content from an offset on.
func (c Content) At(offset int64) io.Reader { return &contentReader{content: c, at: offset} }

// Again is for drive.Hint.
func (c Content) Again(_ context.Context, offset int64) (io.ReadCloser, error) {
	return io.NopCloser(c.At(offset)), nil
}

// Hint tells a drive of the content, with Again or without.
func (c Content) Hint(again bool) drive.Hint {
	hint := drive.Hint{ExpectedSize: c.Size}
	if again {
		hint.Again = c.Again
	}
	return hint
}

// Sums returns the content's checksums in the form of drive.Stored.
func (c Content) Sums() map[string]bool {
	s := newSums()
	_, _ = io.Copy(s, c.At(0)) // neither side ever fails
	return s.told()
}

// contentReader makes words out of the seed and their own number (splitmix64, by
// Sebastiano Vigna), which has no state to carry along.
type contentReader struct {
	content Content
	at      int64
}

func (r *contentReader) Read(p []byte) (int, error) {
	left := r.content.Size - r.at
	if left <= 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), left)]
	n := 0
	for n < len(p) {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], r.word(uint64(r.at)/8))
		k := copy(p[n:], word[r.at%8:])
		n += k
		r.at += int64(k)
	}
	return n, nil
}

func (r *contentReader) word(number uint64) uint64 {
	z := r.content.Seed + (number+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// sums computes every checksum that drives may tell, and the length.
type sums struct {
	sha   hash.Hash
	crc   hash.Hash
	bytes int64
}

func newSums() *sums { return &sums{sha: sha256.New(), crc: crc64nvme.New()} }

func (s *sums) Write(p []byte) (int, error) {
	s.bytes += int64(len(p))
	_, _ = s.sha.Write(p)
	return s.crc.Write(p)
}

func (s *sums) told() map[string]bool {
	return map[string]bool{
		"sha256:" + hex.EncodeToString(s.sha.Sum(nil)):    true,
		"crc64nvme:" + hex.EncodeToString(s.crc.Sum(nil)): true,
	}
}

// failing is content that breaks at an offset, wherever it is read from.
type failing struct {
	Content
	fault error
}

func (f failing) at(offset int64) io.Reader {
	return io.MultiReader(f.At(offset), faultReader{f.fault})
}

func (f failing) again(_ context.Context, offset int64) (io.ReadCloser, error) {
	return io.NopCloser(f.at(offset)), nil
}

type faultReader struct{ fault error }

func (r faultReader) Read([]byte) (int, error) { return 0, r.fault }
