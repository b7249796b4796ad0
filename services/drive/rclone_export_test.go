package drive

// RcloneFault returns what becomes of a command of rclone that ended with a status
// and complained of something.
func RcloneFault(p Place, status int, told string) error {
	return newRclone(p).fault("write a file", &rcloneError{status: status, told: told})
}
