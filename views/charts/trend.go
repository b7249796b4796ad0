package charts

import "math"

// none is no value.
var none = math.NaN()

// roundUp returns the next number that reads well on an axis: 1, 2, 2.5 or 5 with zeros.
func roundUp(v float64) float64 {
	if !drawable(v) || v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 2.5, 5, 10} {
		if v <= step*power {
			return step * power
		}
	}
	return v
}

// Trend is the straight line that fits values best.
type Trend struct {
	// Slope is by how much it grows for each 1 of x, At0 where it is at 0.
	Slope, At0 float64
	// Fits is how much of what the values do the line describes, from 0 to 1.
	Fits float64
}

// FitTrend returns the line of least squares; ok is false when the values stand at fewer
// than two places.
func FitTrend(xs, ys []float64) (t Trend, ok bool) {
	n := float64(len(xs))
	if len(xs) < 2 || len(xs) != len(ys) {
		return t, false
	}
	meanX, meanY := 0.0, 0.0
	for i := range xs {
		meanX, meanY = meanX+xs[i]/n, meanY+ys[i]/n
	}
	together, spread, rise := 0.0, 0.0, 0.0
	for i := range xs {
		together += (xs[i] - meanX) * (ys[i] - meanY)
		spread += (xs[i] - meanX) * (xs[i] - meanX)
		rise += (ys[i] - meanY) * (ys[i] - meanY)
	}
	if spread == 0 {
		return t, false
	}
	t.Slope = together / spread
	t.At0 = meanY - t.Slope*meanX
	t.Fits = 1 // values that are all the same
	if rise > 0 {
		t.Fits = together / spread * together / rise
	}
	return t, true
}
