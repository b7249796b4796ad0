package drive

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/minio/crc64nvme"
)

// s3Algorithm begins the checksums that S3 drives tell.
const s3Algorithm = "crc64nvme:"

// s3Part is one part of the content, which has been read to its end once and can be
// read again.
type s3Part struct {
	number       int
	offset, size int64
	// last says that the content ends with this part.
	last bool
	// crc is its CRC64NVME, and md5 its MD5; empty where they are not needed.
	crc, md5 string
	// kept holds the part where the content cannot be opened again.
	kept []*s3Chunk
}

// s3Scan reads content once, to learn where its parts end and what their checksums
// are: both are told before a part is sent. What it reads comes from the page cache
// when the content is a file, so it keeps only what cannot be opened again.
type s3Scan struct {
	r    io.Reader
	plan s3Plan
	keep bool
	// crc and md5 say what is computed.
	crc, md5 bool

	// offset is how much was read, whole its CRC64NVME so far.
	offset int64
	whole  uint64
	number int
	buffer []byte
}

// next reads the next part. The part is empty when the content has ended before.
func (s *s3Scan) next() (s3Part, error) {
	s.number++
	part := s3Part{number: s.number, offset: s.offset}
	sums := &s3Sums{scan: s}
	if s.md5 {
		sums.md5 = md5.New()
	}
	for limit := s.plan.size(s.number); part.size < limit && !part.last; {
		room := s.room(&part, limit-part.size)
		n, err := s.r.Read(room)
		if s.keep && n > 0 {
			part.kept[len(part.kept)-1].filled += n
		}
		sums.add(room[:n])
		part.size += int64(n)
		if part.last = err == io.EOF; err != nil && !part.last {
			part.free()
			return s3Part{}, err
		}
	}
	s.offset += part.size
	part.crc, part.md5 = sums.crc(), sums.digest()
	return part, nil
}

// room returns where to read to.
func (s *s3Scan) room(part *s3Part, most int64) []byte {
	if !s.keep {
		if s.buffer == nil {
			s.buffer = make([]byte, s3Buffer)
		}
		return s.buffer[:min(most, int64(len(s.buffer)))]
	}
	if len(part.kept) == 0 || part.kept[len(part.kept)-1].filled == s3ChunkSize {
		part.kept = append(part.kept, newS3Chunk())
	}
	chunk := part.kept[len(part.kept)-1]
	free := chunk.bytes[chunk.filled:]
	return free[:min(most, int64(len(free)))]
}

// s3Sums computes the checksums of a part, and carries on that of the whole.
type s3Sums struct {
	scan *s3Scan
	part uint64
	md5  hash.Hash
}

func (s *s3Sums) add(p []byte) {
	if s.scan.crc {
		s.part = crc64nvme.Update(s.part, p)
		s.scan.whole = crc64nvme.Update(s.scan.whole, p)
	}
	if s.md5 != nil {
		s.md5.Write(p)
	}
}

func (s *s3Sums) crc() string {
	if !s.scan.crc {
		return ""
	}
	return s3Base64(s.part)
}

func (s *s3Sums) digest() string {
	if s.md5 == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(s.md5.Sum(nil))
}

// s3Base64 is a CRC64 as S3's headers have it.
func s3Base64(crc uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc))
}

// checksum is that of the whole content, as Stored has it.
func (s *s3Scan) checksum() string {
	return s3Algorithm + hex.EncodeToString(binary.BigEndian.AppendUint64(nil, s.whole))
}

const s3ChunkSize = 1 << 20

// s3Chunk is a piece of memory that parts are kept in. Small content takes few.
type s3Chunk struct {
	bytes  [s3ChunkSize]byte
	filled int
}

var s3Chunks = sync.Pool{New: func() any { return &s3Chunk{} }}

func newS3Chunk() *s3Chunk {
	chunk := s3Chunks.Get().(*s3Chunk)
	chunk.filled = 0
	return chunk
}

// free gives the memory of a part back.
func (p *s3Part) free() {
	for _, chunk := range p.kept {
		s3Chunks.Put(chunk)
	}
	p.kept = nil
}

// content opens the part once more.
func (p *s3Part) content(ctx context.Context, again func(ctx context.Context, offset int64) (io.ReadCloser, error)) (io.ReadCloser, error) {
	if again != nil {
		return again(ctx, p.offset)
	}
	readers := make([]io.Reader, len(p.kept))
	for i, chunk := range p.kept {
		readers[i] = &s3ChunkReader{chunk: chunk}
	}
	return io.NopCloser(io.MultiReader(readers...)), nil
}

type s3ChunkReader struct {
	chunk *s3Chunk
	at    int
}

func (r *s3ChunkReader) Read(p []byte) (int, error) {
	if r.at == r.chunk.filled {
		return 0, io.EOF
	}
	n := copy(p, r.chunk.bytes[r.at:r.chunk.filled])
	r.at += n
	return n, nil
}

// errS3Shorter says that content which was opened again ended before it did at first.
var errS3Shorter = errors.New("the content is shorter than when it was read first")

// s3Body is a part on its way. It yields exactly the part, and nothing once it is
// closed, for a transport may still read after its request has failed.
type s3Body struct {
	ctx   context.Context // of the request, which the body is as short-lived as
	guard *Guard
	close func() error
	told  func(n int64)
	// stall watches over the request, but not while the content is waited for.
	stall *s3Stall

	mu   sync.Mutex
	sent int64
	done bool
}

func newS3Body(ctx context.Context, content io.ReadCloser, size int64, stall *s3Stall, told func(int64)) *s3Body {
	return &s3Body{ctx: ctx, guard: NewGuard(&s3Exactly{r: content, left: size}), close: content.Close, stall: stall, told: told}
}

// Read yields the part, and io.EOF after it.
func (b *s3Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return 0, io.ErrClosedPipe
	}
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	b.stall.rest()
	n, err := b.guard.Read(p)
	b.stall.moved()
	b.sent += int64(n)
	if n > 0 {
		b.told(int64(n))
	}
	return n, err
}

// Close ends the part; it may be called again.
func (b *s3Body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return nil
	}
	b.done = true
	return b.close()
}

// takeBack counts what was sent as not sent.
func (b *s3Body) takeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told(-b.sent)
	b.sent = 0
}

// s3Exactly reads as many bytes as are left and no more.
type s3Exactly struct {
	r    io.Reader
	left int64
}

func (e *s3Exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF {
		err = nil
		if e.left > 0 {
			err = errS3Shorter
		}
	}
	return n, err
}
