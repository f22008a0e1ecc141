package wechatsim

// maxEmails bounds the mails kept; the oldest half goes when it is full.
const maxEmails = 20000

// Email is one received mail; At is ms of this WeChat's clock. Links are the http(s) addresses in the text, else in the HTML.
type Email struct {
	ID      int64    `json:"id"`
	At      int64    `json:"at"`
	From    string   `json:"from"`
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	Links   []string `json:"links"`
	// MessageID is the header's value; a sender that repeats a mail keeps it.
	MessageID string `json:"message_id"`
}

// Outbox is everything that reached people, newest last.
type Outbox struct {
	Emails    []Email           `json:"emails"`
	SMS       []SMS             `json:"sms"`
	Templates []TemplateMessage `json:"templates"`
	Robots    []RobotMessage    `json:"robots"`
}

// Outbox returns the messages received so far.
func (s *Sim) Outbox() Outbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Outbox{
		Emails: append([]Email{}, s.emails...), SMS: append([]SMS{}, s.sms.messages...), Templates: append([]TemplateMessage{}, s.offi.messages...),
		Robots: append([]RobotMessage{}, s.robots.messages...),
	}
}

// ClearOutbox forgets the messages received so far.
func (s *Sim) ClearOutbox() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emails, s.sms.messages, s.offi.messages, s.robots.messages = nil, nil, nil, nil
}

func (s *Sim) keepEmail(e Email) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.emails) >= maxEmails {
		s.emails = append([]Email{}, s.emails[maxEmails/2:]...)
	}
	s.nextEmail++
	e.ID, e.At = s.nextEmail, s.now().UnixMilli()
	s.emails = append(s.emails, e)
	s.bump()
}
