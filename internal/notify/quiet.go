package notify

import (
	"time"

	"github.com/zhisu/zhisu/internal/db"
)

// Quiet are hours of the day, in Beijing, in which what can wait is held back. From may be later than To: then they lie over midnight.
type Quiet struct {
	// From and To are written 22:00.
	From string `json:"from"`
	To   string `json:"to"`
}

// minutesOf reads 22:00 as minutes since midnight.
func minutesOf(clock string) (int, bool) {
	t, err := time.Parse("15:04", clock)
	if err != nil || len(clock) != 5 {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}

func (q *Quiet) check(field string) error {
	from, ok1 := minutesOf(q.From)
	to, ok2 := minutesOf(q.To)
	if !ok1 || !ok2 || from == to {
		return &FieldError{Field: field, Text: "免打扰时间应写成 22:00 到 08:00 这样，开始和结束不能相同。"}
	}
	return nil
}

// until returns when the quiet hours that now lies in are over; zero when it lies in none.
func (q *Quiet) until(now db.Time) db.Time {
	if q == nil {
		return 0
	}
	from, ok1 := minutesOf(q.From)
	to, ok2 := minutesOf(q.To)
	if !ok1 || !ok2 {
		return 0
	}
	t := now.Time().In(beijing)
	minute := t.Hour()*60 + t.Minute()
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, beijing)
	end := midnight.Add(time.Duration(to) * time.Minute)
	switch {
	case from < to && minute >= from && minute < to, from > to && minute < to:
		return db.At(end)
	case from > to && minute >= from:
		return db.At(end.AddDate(0, 0, 1))
	}
	return 0
}
