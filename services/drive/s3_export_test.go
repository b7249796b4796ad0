package drive

import "net/http"

// OpenS3 opens an S3 drive with something around its transport.
func OpenS3(p Place, wrap func(*http.Transport) http.RoundTripper) (*S3, error) {
	return openS3Through(p, wrap)
}

// S3PartSizes returns the lengths of the parts of an upload, in bytes.
func S3PartSizes(parts, sizeMiB int, expected int64) (first int64, size func(number int) int64) {
	plan := s3Limits{parts: parts, size: int64(sizeMiB) << 20}.plan(expected)
	return plan.first, plan.size
}

// S3Fault puts a service's answer into words.
func S3Fault(d *S3, doing string, err error) error { return d.fault(doing, 0, err) }

// S3LargestKept is how long a part gets at most that is kept in memory, in bytes.
func S3LargestKept(d *S3, expected int64) int64 {
	return d.newPut("a/b", Hint{ExpectedSize: expected}, nil).scan.plan.size(s3MaxParts)
}
