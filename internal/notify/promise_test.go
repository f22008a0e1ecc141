package notify

import (
	"testing"
	"time"
)

func TestWhenAMessageIsTriedAgainIsSaidInWords(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0:                             "稍后自动再发。",
		90 * time.Second:              "稍后自动再发。",
		10 * time.Minute:              "约 10 分钟后自动再发。",
		time.Hour:                     "约 60 分钟后自动再发。",
		13*time.Hour + 20*time.Minute: "约 13 小时后自动再发。",
	} {
		if got := promise(ms(wait)); got != want {
			t.Errorf("%s: %s", wait, got)
		}
	}
}
