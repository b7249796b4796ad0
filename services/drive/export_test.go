package drive

import "os"

// OnSync tells fn of every folder that is brought to the disk.
func (d *Local) OnSync(fn func(folder string)) {
	d.sync = func(dir *os.File) error {
		fn(dir.Name())
		return dir.Sync()
	}
}
