package wechatsim

import "net/http"

// phonePage shows what a merchant's phone would show, and buttons that move cases.
func (s *Sim) phonePage(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	s.mu.Lock()
	product := s.cfg.ProductURL
	s.mu.Unlock()
	s.render(w, http.StatusOK, "phone.html", map[string]any{"ProductURL": product, "Types": typeChoices()})
}

type typeChoice struct {
	Code int
	Text string
}

// typeChoices are the problem types a user is offered on the page: a handful of each family.
func typeChoices() []typeChoice {
	var out []typeChoice
	for _, code := range []int{643, 641, 642, 611, 612, 613, 614, 621, 631, 633, 651, 652, 657, 660, 662, 663, 665, 675, 676, 678, 610004} {
		out = append(out, typeChoice{code, typeWords[code]})
	}
	return out
}
