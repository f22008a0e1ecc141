import why from './refundWhy'

/** Refunds: the words of the case and of the phone. */
export default {
  ...why,
  join: ', ',
  go: 'Refund', title: 'Refund the buyer', total: 'Order amount', refunded: 'Refunded', refunding: 'On its way', remaining: 'Refundable', unknownTotal: 'Asking WeChat Pay about the order',
  legend: { before: 'Before {amount}', now: 'Now {amount}', left: 'Left {amount}' },
  amount: 'Amount', all: 'All of it', again: 'Amount again', againPlease: 'Type the amount again', differs: 'The two amounts differ', agrees: 'The amounts agree',
  above: 'Above {amount} in all for this order, {names} has to approve', aboveAlways: 'Every refund has to be approved by {names}', someone: 'a colleague who may refund',
  reason: 'Reason', reasonHint: 'The buyer reads it in WeChat Pay\'s message', reasonHidden: 'Not shown to the buyer for a partial refund of 1 yuan or less', reasonLike: 'e.g. 商品破损，全额退款',
  bytes: '{n} / {max} bytes', tooLong: '{n} bytes too long; shorten it before submitting',
  way: 'Paid by', from: 'Merchant "{name}", back to the account the buyer paid with', arrives: 'Usually within 1 to 3 working days; WeChat Pay tells the buyer', final: 'It cannot be taken back',
  submit: 'Refund {amount}', finalReview: 'Can be cancelled until approved', review: 'Submit for approval', handing: 'Submitting', more: 'Another refund', close: 'Close', back: 'Back to the complaint', earlier: 'Refunds of this order', none: 'No refund yet',
  fault: {
    empty: 'The amount is missing', format: 'At most two decimals, as in 300.00', zero: 'More than 0, please', over: 'At most {amount} is left', limit: 'You may refund {amount} more of this order; ask a colleague who may refund for more', noLimit: 'You may not refund; ask a colleague who may',
  },
  elsewhere: 'Refunded elsewhere', elsewhereHint: 'As found on the merchant platform under 交易中心 → 退款查询. What did not go through does not count; 0 if nothing did.', elsewhereWrong: 'At most two decimals, and no more than the order', rowBack: '{amount} back',
  blockedTitle: 'No refund is possible now', checked: 'Order last read from WeChat Pay: {when}', mend: 'Go there', mendMerchant: 'Set the merchant', onlyFull: 'All of it is refunded',
  state: {
    waiting_approval: 'Waits for approval', queued: 'Submitted', running: 'Submitting', processing: 'At WeChat Pay', unknown: 'Checking', done: 'Refunded', parked: 'On hold', abnormal: 'Abnormal', failed: 'Failed',
    closed: 'Closed', rejected: 'Rejected', cancelled: 'Cancelled',
  },
  text: {
    waiting_approval: 'Nothing is refunded before it is approved, on the page Refunds.', queued: 'Stored; it goes to WeChat Pay at once, also when you close this page.', running: 'Waiting for WeChat Pay\'s answer, also when you close this page.',
    processing: 'WeChat Pay accepted it; the money has not arrived yet. This place will say so.', unknown: 'WeChat Pay gave no clear answer. It is being asked with the same refund number; nothing is refunded again before that is clear.', done: 'WeChat Pay confirms the refund.',
    parked: 'It did not succeed and is not given up. When the cause is mended, try again with the same refund number; nothing is refunded twice.', abnormal: 'The buyer\'s account could not take the money. Handle it in WeChat Pay\'s merchant platform under 交易中心; do not make another refund.',
    failed: 'WeChat Pay did not refund; no money moved.', closed: 'WeChat Pay closed this refund; no money left. A new one may be made when needed.', rejected: 'The second person said no; no money moved.', cancelled: 'Cancelled before it went to WeChat Pay; no money moved.',
  },
  number: 'Our refund no.', wechatNumber: 'WeChat\'s refund no.', by: 'By {name}', rule: 'By a rule', approvedBy: 'Approved by {name}', rejectedBy: 'Rejected by {name}', at: '{when}',
  next: 'Next', nextRefund: 'Agreeing refunds nothing by itself. Refund now as promised?', nextRefundGo: 'Refund', refundFirst: 'Refund first',
  follow: { respond: '{amount} refunded; the answer is written, too', refund_proof: '{amount} refunded; the proof is written, too' }, followGo: { respond: 'Fill in the answer', refund_proof: 'Fill in the proof' },
  inFlight: '{amount} {state}', fact: 'Refunds', entry: 'Refund {amount}, {state}', look: 'Check again', retry: 'Try again', retryAbnormal: 'Handled, check again', cancel: 'Cancel the refund', approve: 'Approve', reject: 'Reject',
  approveAsk: 'Refunds {amount} at once and cannot be taken back', approveSure: 'Approve {amount}', rejectWhy: 'Reason', rejectSure: 'Reject it', cancelAsk: 'Not at WeChat Pay yet; it can be cancelled', cancelSure: 'Cancel it', own: 'Somebody else has to approve your own refund',
  list: { waitingN: '{n} wait for you', empty: 'No such refund', waiting: 'Waiting for approval', all: 'All' },
}
