package wechatsim

import "time"

// firstTicketRetry is how soon another ticket follows while none was ever acknowledged: WeChat's push starts once the
// platform is approved, here once the product listens.
const firstTicketRetry = 3 * time.Second

// dueTicket pushes a component_verify_ticket when its time has come. Called with the lock held.
func (s *Sim) dueTicket() {
	now := s.now()
	if s.settings.TicketsStopped || s.cfg.EventsURL == "" || now.Before(s.nextTicket) {
		return
	}
	every := s.cfg.TicketInterval
	if !s.ticketSeen {
		every = min(every, firstTicketRetry)
	}
	s.nextTicket = now.Add(every)
	s.pushTicket()
}

// PushTicket makes and pushes a new ticket at once and returns it.
func (s *Sim) PushTicket() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pushTicket()
}

func (s *Sim) pushTicket() string {
	ticket, plain := s.newTicket()
	s.enqueue(&push{target: targetEvents, event: infoTicket, plain: plain})
	return ticket
}

func (s *Sim) newTicket() (ticket string, plain []byte) {
	now := s.now()
	for t, born := range s.tickets {
		if now.Sub(born) > 2*ticketLife {
			delete(s.tickets, t)
		}
	}
	ticket = "ticket@@@" + s.random.text(86)
	s.tickets[ticket] = now
	var b xmlBuilder
	b.text("AppId", s.cfg.ComponentAppID)
	b.number("CreateTime", now.Unix())
	b.text("InfoType", infoTicket)
	b.text("ComponentVerifyTicket", ticket)
	return ticket, b.document()
}
