package api

import (
	"github.com/zhisu/zhisu/internal/complaint"
)

type waitView struct {
	Who    string `json:"who" enum:"merchant,user,both,platform" doc:"Who had to do something"`
	From   int64  `json:"from" doc:"Unix ms"`
	Until  *int64 `json:"until" doc:"Unix ms; null = still"`
	DueAt  *int64 `json:"due_at" doc:"Deadline of the wait that is still going on, Unix ms; null = none"`
	Lapsed bool   `json:"lapsed" doc:"It ended because the time was over"`
}

func waitsOf(c *complaint.Complaint, timeline []complaint.Entry) []waitView {
	out := []waitView{}
	for _, w := range complaint.Waits(c, timeline) {
		out = append(out, waitView{Who: string(w.Who), From: int64(w.From), Until: w.Until.Ptr(), DueAt: w.DueAt.Ptr(), Lapsed: w.Lapsed})
	}
	return out
}
