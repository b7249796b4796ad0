package source

import (
	"fmt"
	"regexp"
	"strconv"
)

// version is the part of a server's or a tool's version that decides whether
// the two fit.
type version struct{ major, minor, patch int }

var versionPattern = regexp.MustCompile(`(\d+)\.(\d+)(?:\.(\d+))?`)

// parseVersion finds the first version number in a text.
func parseVersion(text string) (version, bool) {
	m := versionPattern.FindStringSubmatch(text)
	if m == nil {
		return version{}, false
	}
	var v version
	v.major, _ = strconv.Atoi(m[1])
	v.minor, _ = strconv.Atoi(m[2])
	v.patch, _ = strconv.Atoi(m[3])
	return v, true
}

// olderSeries compares major and minor; the patch level decides nothing.
func (v version) olderSeries(than version) bool {
	return v.major < than.major || v.major == than.major && v.minor < than.minor
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch) }
