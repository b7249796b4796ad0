package bench

import (
	"net/http"
	"testing"
	"time"
)

// BenchmarkLanding reads the overview of a large installation with many readers at once. Beside
// how long that takes, it reports how much of a processor its server needs for one reading,
// which says more where a machine has other work to do.
func BenchmarkLanding(b *testing.B) {
	in := largeInstallation(b, nil)
	server, who := in.server, in.who
	start := time.Now()
	readPage(b, who, "/")
	first := time.Since(start)
	for b.Loop() {
		before := processor(b, server.Process.Pid)
		took, size := readMany(b, who, "/")
		used := processor(b, server.Process.Pid) - before
		b.ReportMetric(milliseconds(first), "first-ms")
		b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
		b.ReportMetric(milliseconds(took[len(took)*99/100]), "p99-ms")
		b.ReportMetric(milliseconds(used)/float64(len(took)), "server-cpu-ms/page")
		b.ReportMetric(float64(size)/1000, "kB")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkLandingPolled lets many ask for the card of a run as their pages do.
func BenchmarkLandingPolled(b *testing.B) {
	in := largeInstallation(b, nil)
	server, who := in.server, in.who
	asks := asksOf(who.Get(b, "/").Body)
	if len(asks) == 0 {
		b.Fatal("no run is under way")
	}
	for b.Loop() {
		const each = 50
		before := processor(b, server.Process.Pid)
		for n := range each * manyReaders {
			who.Do(b, http.MethodGet, asks[n%len(asks)], http.Header{"Hx-Request": {"true"}}, nil)
		}
		used := processor(b, server.Process.Pid) - before
		b.ReportMetric(milliseconds(used)/(each*manyReaders), "server-cpu-ms/poll")
		b.ReportMetric(0, "ns/op")
	}
}
