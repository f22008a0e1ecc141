package notify

// Second names until their users have settled.
const (
	ComplaintNew            = EventComplaintNew
	ComplaintProgress       = EventComplaintProgress
	ComplaintEvidenceWanted = EventEvidenceWanted
	ComplaintRuledAgainst   = EventRuledAgainst
	ComplaintWithdrawn      = EventWithdrawn
	ComplaintClosed         = EventClosed
	AppealResult            = EventAppealResult
	PermissionLost          = EventPermissionLost
)
