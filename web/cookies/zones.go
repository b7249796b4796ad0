package cookies

import (
	"regexp"
	"sync"
	"time"
)

// zones are those that browsers have told: reading one takes a look at the disk.
var zones = zoneTable{found: map[string]*time.Location{}}

// maxZones is how many are remembered; there are fewer, links included.
const maxZones = 1000

// zoneShape is how the names of zones look: no paths but their own, and not the server's
// own zone, which is nobody's.
var zoneShape = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]{1,31}(/[A-Z][A-Za-z0-9_+-]{0,31}){0,2}$`)

type zoneTable struct {
	mu    sync.RWMutex
	found map[string]*time.Location
}

func (z *zoneTable) find(name string) *time.Location {
	z.mu.RLock()
	zone, known := z.found[name]
	z.mu.RUnlock()
	if known {
		return zone
	}
	if len(name) > 64 || name == "Local" || !zoneShape.MatchString(name) {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	if name == time.UTC.String() {
		zone = time.UTC
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if len(z.found) < maxZones {
		z.found[name] = zone
	}
	return zone
}
