/** The page of refunds. */
export default {
  tab: { list: 'Refunds', totals: 'Totals', reconcile: 'Reconciliation' }, search: 'Complaint or payment no.', state: 'State', anyState: 'All states', program: 'Program', anyProgram: 'All programs', merchant: 'Merchant', anyMerchant: 'All merchants',
  noneText: 'Refund from a complaint; every refund is kept here', at: 'Time', amount: 'Amount', reason: 'Reason', who: 'By', case: 'Complaint', one: 'Refund', csv: 'Export CSV', xlsx: 'Export XLSX', attempts: 'Every call to WeChat Pay',
  kinds: { submit: 'Submitted', query: 'Asked', notify: 'Told', order: 'Order read' }, outcomes: { done: 'done', ok: 'done', unknown: 'unclear', wrong: 'refused', retry: 'again later', pending: 'no answer', running: 'under way', processing: 'at WeChat Pay', not_found: 'not known' },
  by: 'Totals by', bys: { program: 'Program', merchant: 'Merchant', day: 'Day' }, count: 'Refunds', sum: 'Refunded', open: 'On the way', average: 'Average', none: 'No refund in this time', all: 'Total', noName: 'Unknown',
  reconcileText: 'Asks WeChat Pay about every refund without an outcome and compares', reconcileNow: 'Reconcile now', reconciling: 'Reconciling', reconciledAt: 'Reconciled {when}, {n} compared', reconcileNever: 'Never reconciled', reconcileGood: 'All agree', reconcileBad: '{n} differ',
  ours: 'Zhisu', theirs: 'WeChat Pay', what: 'Difference', unreadable: '{n} could not be asked about', noDifference: 'No difference', queued: 'Started; the result appears here',
}
