package drives

import (
	"net/http"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
)

// stage is a request that a drive makes on the way of a copy.
type stage struct {
	name                string
	method, path, query string
	skip                int
	size                int64
	// sends and reads tell whether the request or the answer has a body of some length.
	sends, reads bool
	// dogged says that the client asks again and again by itself, for so long that what
	// goes wrong always is a stall.
	dogged bool
}

// mishap is what happens to a request.
type mishap struct {
	name string
	do   servers.HTTPAction
	// sends and reads restrict it to stages with a body.
	sends, reads bool
	// once and always say how often it happens.
	once, always bool
	// stalls says that nothing comes any more.
	stalls bool
}

func mishaps(denied, full servers.HTTPAction) []mishap {
	return []mishap{
		{name: "503", do: servers.Busy(http.StatusServiceUnavailable, 0), once: true, always: true},
		{name: "429", do: servers.Busy(http.StatusTooManyRequests, 0), once: true, always: true},
		{name: "500", do: servers.Answer(http.StatusInternalServerError, nil, "oops"), once: true},
		{name: "reset before", do: servers.CutUpload(0), once: true, always: true},
		{name: "reset in the middle", do: servers.CutUpload(70_000), sends: true, once: true, always: true},
		{name: "answer lost", do: servers.LoseAnswer(), once: true, always: true},
		{name: "stall", do: servers.Hang(), once: true, stalls: true},
		{name: "stall in the middle", do: servers.HangUpload(70_000), sends: true, once: true, stalls: true},
		{name: "success with an error in the body", do: servers.ErrorIn200(), once: true, always: true},
		{name: "answer broken off", do: servers.CutDownload(1000), reads: true, once: true, always: true},
		{name: "answer truncated", do: servers.Truncate(1000), reads: true, once: true, always: true},
		{name: "answer stalls", do: servers.HangDownload(1000), reads: true, once: true, stalls: true},
		{name: "expired token", do: denied, once: true, always: true},
		{name: "quota", do: full, once: true, always: true},
	}
}

// httpFaults are all mishaps at all stages.
func httpFaults(proxy *servers.HTTP, stages []stage, mishaps []mishap) []fault {
	var faults []fault
	for _, s := range stages {
		for _, m := range mishaps {
			if m.sends && !s.sends || m.reads && !s.reads {
				continue
			}
			if m.once {
				faults = append(faults, httpFault(proxy, s, m, 0))
			}
			if m.always {
				faults = append(faults, httpFault(proxy, s, m, -1))
			}
		}
	}
	return faults
}

func httpFault(proxy *servers.HTTP, s stage, m mishap, times int) fault {
	name := s.name + "/" + m.name
	if times < 0 {
		name += ", always"
	}
	return fault{
		name: name, size: s.size, lasting: times < 0, stalls: m.stalls || s.dogged && times < 0,
		arm: func(*testing.T) func() int {
			rule := proxy.Add(servers.HTTPRule{Method: s.method, Path: s.path, Query: s.query, Skip: s.skip, Times: times, Do: m.do})
			return func() int { return proxy.Done(rule) }
		},
		disarm: func(*testing.T) { proxy.Clear() },
	}
}
