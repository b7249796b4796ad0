package schedule

import (
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
)

// shape is a schedule as data, so that which slots it has can be told without the
// packages under test. Bits of a mask are the numbers that match.
type shape struct {
	expr    string
	minutes uint64
	hours   uint32
	days    uint32
	months  uint32
	weekday uint8
	second  int
	// monthEnd is a day of the month that is the last one in shorter months; 0 is none.
	monthEnd int
	// from and to are a window, in minutes of the day; equal is none.
	from, to int
	elapsed  bool
	spread   time.Duration
}

const (
	allHours   = 1<<24 - 1
	allDays    = 1<<32 - 2
	allMonths  = 1<<13 - 2
	allWeekday = 1<<7 - 1
)

func at(expr string, minute, hour int) shape {
	return shape{expr: expr, minutes: 1 << minute, hours: 1 << hour, days: allDays, months: allMonths, weekday: allWeekday}
}

// shapes are a hundred schedules of all kinds.
func shapes() []shape {
	var all []shape
	add := func(s shape) {
		if len(all)%3 == 0 {
			s.spread = time.Duration(10+len(all)) * time.Minute
		}
		all = append(all, s)
	}
	for i := range 5 {
		s := at(fmt.Sprintf("hourly at :%02d", 7*i), 7*i, 0)
		s.hours, s.elapsed = allHours, true
		if i > 1 {
			s.expr, s.from, s.to = fmt.Sprintf("%d * * * *", 7*i), 22*60, (1+i)*60
		}
		add(s)
	}
	for i := range 10 {
		s := at(fmt.Sprintf("%d %d-23/6 * * *", 5*i, i%6), 5*i, 0)
		s.hours = 0
		for h := i % 6; h < 24; h += 6 {
			s.hours |= 1 << h
		}
		add(s)
	}
	for i := range 50 {
		minute, hour := (i*13)%60, (i*7)%24
		if i%4 == 0 {
			hour = i / 4 % 4 // clocks change in the early morning
		}
		s := at(fmt.Sprintf("daily at %02d:%02d", hour, minute), minute, hour)
		switch {
		case i%5 == 1:
			s.expr, s.second = fmt.Sprintf("%d %d %d * * *", i, minute, hour), i
		case i%5 == 2:
			s.expr = fmt.Sprintf("%d %d * * *", minute, hour)
		case i%5 == 3:
			s.expr = fmt.Sprintf("%d,%d %d * * *", minute, (minute+5)%60, hour)
			s.minutes |= 1 << ((minute + 5) % 60)
		}
		if i%6 == 0 {
			s.from, s.to = hour*60, (hour*60+150)%1440
		}
		add(s)
	}
	for i := range 15 {
		s := at("", (i*17)%60, i%5)
		day := i % 7
		s.weekday = 1<<day | 1<<((day+3)%7)
		s.expr = fmt.Sprintf("weekly on %s, %s at %02d:%02d", time.Weekday(day), time.Weekday((day+3)%7), i%5, (i*17)%60)
		if i%3 == 0 {
			s.expr = fmt.Sprintf("%d %d * * %d,%d", (i*17)%60, i%5, day, (day+3)%7)
		}
		add(s)
	}
	for i := range 18 {
		s := at("", (i*11)%60, i%4)
		switch day := []int{1, 15, 28, 29, 30, 31}[i%6]; {
		case i < 12 && day > 28:
			s.monthEnd = day
			s.expr = fmt.Sprintf("monthly on %d at %02d:%02d", day, i%4, (i*11)%60)
		case i < 12:
			s.days = 1 << day
			s.expr = fmt.Sprintf("Monthly on the %dth at %d:%02d", day, i%4, (i*11)%60)
		default:
			s.days = 1 << day
			s.expr = fmt.Sprintf("%d %d %d * *", (i*11)%60, i%4, day)
		}
		add(s)
	}
	for _, date := range [][2]int{{29, 2}, {28, 3}} {
		s := at(fmt.Sprintf("30 2 %d %d *", date[0], date[1]), 30, 2)
		s.days, s.months = 1<<date[0], 1<<date[1]
		add(s)
	}
	return all
}

func (s shape) window() string {
	if s.from == s.to {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, s.to/60, s.to%60)
}

func (s shape) job(id, zone string) models.Job {
	return models.Job{ID: id, Label: id, Cron: s.expr, Timezone: zone, Window: s.window(), Spread: s.spread}
}

// wallMinute is what a clock on the wall shows.
type wallMinute struct {
	number            int64 // of all minutes of the wall, which are not those that pass
	minute, hour      int
	day, last, ofWeek int
	month             time.Month
}

func wallOf(number int64) wallMinute {
	w := time.Unix(number*60, 0).UTC()
	return wallMinute{number: number, minute: w.Minute(), hour: w.Hour(), day: w.Day(), month: w.Month(),
		last: time.Date(w.Year(), w.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day(), ofWeek: int(w.Weekday())}
}

// names reports whether the schedule names what the clock shows.
func (s *shape) names(w *wallMinute) bool {
	if s.minutes>>w.minute&1 == 0 || s.hours>>w.hour&1 == 0 || s.months>>w.month&1 == 0 || s.weekday>>w.ofWeek&1 == 0 {
		return false
	}
	if s.monthEnd != 0 {
		if w.day != min(s.monthEnd, w.last) {
			return false
		}
	} else if s.days>>w.day&1 == 0 {
		return false
	}
	of := w.hour*60 + w.minute
	switch {
	case s.from < s.to:
		return s.from <= of && of < s.to
	case s.from > s.to:
		return of >= s.from || of < s.to
	}
	return true
}

// oracle walks through every minute and looks at the clock on the wall: a slot is when
// that comes to what is named for the first time, or skips it; for every hour, whenever
// it shows it. It returns the slots of each shape, in Unix seconds.
func oracle(all []shape, loc *time.Location, from, until time.Time) [][]int64 {
	slots := make([][]int64, len(all))
	shown := wallNumber(from, loc)
	for minute := from.Add(time.Minute); !minute.After(until); minute = minute.Add(time.Minute) {
		now := wallOf(wallNumber(minute, loc))
		var skipped []wallMinute
		for n := shown + 1; n < now.number; n++ {
			skipped = append(skipped, wallOf(n))
		}
		for i := range all {
			s := &all[i]
			switch {
			case !s.elapsed && anyNamed(s, skipped):
				slots[i] = append(slots[i], minute.Unix())
				if s.second > 0 && s.names(&now) {
					slots[i] = append(slots[i], minute.Unix()+int64(s.second))
				}
			case (s.elapsed || now.number > shown) && s.names(&now):
				slots[i] = append(slots[i], minute.Unix()+int64(s.second))
			}
		}
		shown = max(shown, now.number)
	}
	return slots
}

func anyNamed(s *shape, skipped []wallMinute) bool {
	for i := range skipped {
		if s.names(&skipped[i]) {
			return true
		}
	}
	return false
}

func wallNumber(at time.Time, loc *time.Location) int64 {
	_, offset := at.In(loc).Zone()
	return (at.Unix() + int64(offset)) / 60
}
