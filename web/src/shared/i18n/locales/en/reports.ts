/** The page of reports. */
export default {
  about: 'By the day complaints were filed', period: 'Period', lastDays: 'Last {n} days', numbers: 'Totals', bys: { program: 'Mini program', type: 'Problem', member: 'Answered by' },
  filed: 'Complaints', share: 'Answered in time', median: 'Time to answer', slow: '90% within', agreed: 'Agreed', refused: 'Refused', lapsed: 'Missed', ruled: 'Merchant at fault', refunded: 'Refunded',
  means: {
    filed: 'Complaints that users filed in this period', share: 'Answered, of those answered or missed', median: 'From the complaint to the answer: half took no longer', slow: 'From the complaint to the answer: nine in ten took no longer',
    agreed: 'Agreed to settle, in Zhisu', refused: 'Refused to settle, in Zhisu', lapsed: 'WeChat noted that the merchant did not answer in time', ruled: 'The platform found the merchant at fault', refunded: 'Paid back through Zhisu and arrived',
  },
  closedOf: '{n} of them closed', lapsedOf: '{n} missed', slowIs: '90th percentile: {time}', withdrawnOf: '{n} withdrawn by the user', refundedOf: '{n} cases',
  byDay: 'Complaints by day', byWeek: 'Complaints by week', ofTheseAnswered: 'Answered', barIs: '{when}: {filed} filed, {answered} answered', nobody: 'Not answered in Zhisu',
  none: 'No complaints in this period', noneText: 'Choose another period, or all mini programs', note: 'Answers given in the WeChat console count as answered, but not by whom or how. Refunds are those made through Zhisu.',
}
