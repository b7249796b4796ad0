package charts

import (
	"math"
	"strconv"
)

// scale places values between the bottom and the top of a picture.
type scale struct {
	low, high float64
	height    float64
}

// fit makes the scale of the values that can be drawn; ok is false when there is none.
// Values that are all the same are drawn in the middle.
func fit(values []float64, height float64) (s scale, ok bool) {
	s = scale{low: math.Inf(1), high: math.Inf(-1), height: height}
	for _, v := range values {
		if drawable(v) {
			s.low, s.high, ok = min(s.low, v), max(s.high, v), true
		}
	}
	return s, ok
}

// drawable reports whether a value is a number; what is not leaves a gap.
func drawable(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// y is how far below the top a value is drawn.
func (s scale) y(v float64) float64 {
	if s.high <= s.low {
		return s.height / 2
	}
	// Halves first: the difference of two large numbers may be none.
	return s.height * (1 - (v/2-s.low/2)/(s.high/2-s.low/2))
}

// x is where the place of n is drawn: the first at the left, the last at the right.
func x(place, n int, width float64) float64 {
	if n < 2 {
		return width / 2
	}
	return width * float64(place) / float64(n-1)
}

// line returns the path through values, with gaps where there is none. A value alone
// between gaps is a dot: a line of no length, which round ends make visible.
func line(values []float64, s scale, width float64) string {
	var path []byte
	for i, v := range values {
		if !drawable(v) {
			continue
		}
		begins := !drawable(at(values, i-1))
		if begins {
			path = append(path, 'M')
		} else {
			path = append(path, ' ') // what follows the first place are lines
		}
		path = number(path, x(i, len(values), width))
		path = append(path, ' ')
		path = number(path, s.y(v))
		if begins && !drawable(at(values, i+1)) {
			path = append(path, "h0"...)
		}
	}
	return string(path)
}

// area returns the path around what lies below values, down to the bottom. It leaves gaps.
func area(values []float64, s scale, width float64) string {
	var path []byte
	for i, v := range values {
		if !drawable(v) {
			continue
		}
		if !drawable(at(values, i-1)) {
			path = append(path, 'M')
			path = number(path, x(i, len(values), width))
			path = append(path, ' ')
			path = number(path, s.height)
		}
		path = append(path, ' ')
		path = number(path, x(i, len(values), width))
		path = append(path, ' ')
		path = number(path, s.y(v))
		if !drawable(at(values, i+1)) {
			path = append(path, 'V')
			path = number(path, s.height)
			path = append(path, 'Z')
		}
	}
	return string(path)
}

// at returns a value, and none beyond the ends.
func at(values []float64, i int) float64 {
	if i < 0 || i >= len(values) {
		return math.NaN()
	}
	return values[i]
}

// number writes a coordinate with at most one decimal.
func number(to []byte, v float64) []byte {
	return strconv.AppendFloat(to, math.Round(v*10)/10, 'f', -1, 64)
}
