/** What people can be told of, in the order of a case's life. */
export const EVENTS = [
  'complaint.new', 'complaint.progress', 'complaint.evidence_wanted', 'complaint.ruled_against', 'complaint.withdrawn', 'complaint.closed',
  'appeal.result', 'refund.done', 'refund.failed', 'permission.lost', 'merchant.expiring',
] as const

/** Chosen for a new subscription: what asks somebody to act. */
export const USUAL_EVENTS: readonly string[] = ['complaint.new', 'complaint.evidence_wanted', 'complaint.ruled_against', 'permission.lost']
