/** What people can be told of, in the order of a case's life. */
export const EVENTS = [
  'complaint.new', 'complaint.progress', 'complaint.evidence_wanted', 'complaint.ruled_against', 'complaint.withdrawn', 'complaint.closed',
  'appeal.result', 'deadline.near', 'refund.done', 'refund.failed', 'permission.lost', 'push.silent', 'score.dropped', 'channel.failing', 'merchant.expiring',
] as const

/** Chosen for a new subscription: what asks somebody to act. */
export const USUAL_EVENTS: readonly string[] = ['complaint.new', 'complaint.evidence_wanted', 'complaint.ruled_against', 'deadline.near', 'permission.lost']
