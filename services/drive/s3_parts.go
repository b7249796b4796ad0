package drive

// Limits of the S3 API on uploads, docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html.
const (
	s3MaxParts    = 10000
	s3LargestPart = 5 << 30
	// s3SmallestPart and s3LargePart bound the parts that are chosen by the
	// expected size, unless more parts would be needed than a service allows.
	s3SmallestPart = 16 << 20
	s3LargePart    = 64 << 20
	// s3FewParts is how many parts an upload has at most before its parts are
	// chosen larger than the smallest.
	s3FewParts = 1000
	// s3Headroom is how much larger than expected, in percent, a backup may come
	// out before parts get larger on their way.
	s3Headroom = 150
	// s3Doublings is how often parts double in the second half of their numbers.
	s3Doublings = 10
)

// s3Limits is what the settings say about parts.
type s3Limits struct {
	// parts is how many the service allows.
	parts int
	// size is what the settings ask for, in bytes; 0 to choose.
	size int64
}

// s3Plan is how large the parts of one upload are.
type s3Plan struct {
	parts int
	first int64
	// largest bounds parts, in bytes.
	largest int64
}

// plan chooses parts for an upload of about the expected size in bytes, 0 when that
// is not known.
func (l s3Limits) plan(expected int64) s3Plan {
	wanted := expected/100*s3Headroom + 1
	size := min(max(s3PerPart(wanted, s3FewParts), s3SmallestPart), s3LargePart)
	if l.size > 0 {
		size = l.size
	}
	return s3Plan{parts: l.parts, first: min(max(size, s3PerPart(wanted, l.parts)), s3LargestPart), largest: s3LargestPart}
}

// s3PerPart divides a size into parts of whole MiB.
func s3PerPart(size int64, parts int) int64 {
	each := (size + int64(parts) - 1) / int64(parts)
	return (each + 1<<20 - 1) &^ (1<<20 - 1)
}

// size returns the length in bytes of the part of a number, from 1. The first half
// of the numbers has parts of one length. From there they double, ten times in all,
// so that a backup of which nothing was known fits, up to the 5 TiB that S3 stores
// where 10,000 parts are allowed, and 0.9 TiB where 1,000 are.
func (p s3Plan) size(number int) int64 {
	size := p.first
	for past := number - p.parts/2; past > 0 && size < p.largest; past -= max(1, p.parts/2/s3Doublings) {
		size *= 2
	}
	return min(size, p.largest)
}
