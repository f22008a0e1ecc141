/** The page of score and violations. */
export default {
  of: 'of {n}', scoreIs: 'Score {n}', recent: 'Last 30 days', appealing: 'Under appeal', badge: 'Guarantee badge', deducted: '{points} points in {n} deductions', nothing: 'No deductions', appeals: '{n}, worth {points} points', noAppeal: 'None',
  badgeOn: 'Lit', badgeOff: 'Not lit', badgeUnknown: 'Not known yet', lastDays: 'Last {n} days', noHistory: 'Once the score has been read, its changes are drawn here', changed: '{when}: from {was} to {score}',
  since: 'Recorded since {when}', penalties: 'Deductions', once: 'Each can be appealed once, usually within 7 days of the notice', none: 'No deductions', column: { at: 'Time', why: 'Reason', minus: 'Points', case: 'Complaint', done: 'What was done', appealed: 'Appeal' },
  comma: ', ', minus: '−{n}', found: 'Its push never came; found through this deduction', said: '"{text}"', notHere: 'WeChat did not return this complaint', noCase: 'No complaint', andRefunded: ', {amount} refunded',
  handled: { agree: 'Agreed', refuse: 'Refused', elsewhere: 'Answered in the WeChat console', lapsed: 'Not answered in time', open: 'Not answered yet', none: 'Not recorded' },
  appeal: { running: 'Under appeal', rejected: 'Appeal rejected', won: 'Appeal won' }, usually: '7 days is usual; the WeChat console has the last word', late: 'Ended {when}', goAppeal: 'Appeal in WeChat',
  readAt: 'Read from WeChat {when}', notRead: 'Not read from WeChat yet', read: 'Refresh', noProgram: 'No mini programs yet', noProgramText: 'Once a mini program is authorised, its score and deductions appear here',
  violations: 'Platform violations', forReference: 'From WeChat\'s records of the last 90 days, for reference', noViolations: 'No violations in the last 90 days', violationsUnread: 'Violations have not been read yet', rule: 'The rule',
  kind: { record: 'Violation', warning: 'Warning', ban: 'Restriction', punish: 'Penalty', appeal: 'Appeal', appeal_running: 'Appeal pending', appeal_won: 'Appeal won', appeal_lost: 'Appeal lost', appeal_withdrawn: 'Appeal withdrawn' }, penalty: { 2: 'deducted', 4: 'under appeal', 5: 'appeal rejected', 6: 'appeal won' }, guide: 'How to put it right',
}
