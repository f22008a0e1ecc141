export default {
  more: 'More conditions', tags: 'Program tags', anyTag: 'Any tag', types: 'Problems', anyType: 'Any problem', amount: 'Order amount (yuan)', min: 'At least', max: 'At most',
  badAmount: 'Enter amounts, the lower one first', amountHint: 'A complaint of unknown amount is always told', fallback: 'Fallback channels', noFallback: 'None',
  fallbackHint: 'Used in this order when a message fails or is not confirmed within two minutes. For a receiver by address, add a line on the fallback channel above; it is used only then', allFallback: 'At least one receiver must not be on a fallback channel', group: 'Many at once become one message', member: 'Receiver', address: 'An address',
}
