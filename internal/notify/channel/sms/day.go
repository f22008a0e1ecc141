package sms

import "time"

// beijing is where the operators' day begins.
var beijing = time.FixedZone("CST", 8*3600)

// sameTextWait is how long the same text to the same number is refused (§3.5), and a second more.
const sameTextWait = 31 * time.Second

// untilTomorrow is the time until the next day, and ten minutes more.
func untilTomorrow(now time.Time) time.Duration {
	d := now.In(beijing)
	return time.Date(d.Year(), d.Month(), d.Day()+1, 0, 10, 0, 0, beijing).Sub(now)
}
