package drive

// SmallParts makes the drive send content in parts of so many bytes.
func (d *GoogleDrive) SmallParts(bytes int64) { d.chunk, d.enough = bytes, bytes }
