export default {
  log: {
    anyChannel: 'Any channel', anyEvent: 'Any event', noMatch: 'No such messages', noMatchText: 'Try another condition, or choose All.', id: 'id {id}',
    receipt: { arrived: 'arrived', refused: 'receiver takes no more', lost: 'lost by the provider, sent again', throttled: 'throttled, sent again later', undelivered: 'not delivered' },
  },
  sub: {
    name: 'Name', only: 'Only', how: 'How', and: '; ', member: 'member', system: 'own system', tags: 'tags {tags}', from: 'from {min}', to: 'up to {max}', between: '{min} to {max}',
    fallback: 'otherwise {channels}', quiet: 'quiet from {from} to {until}', single: 'one by one',
  },
  links: {
    title: 'One-tap links', active: '{n} active', rights: { see: 'may look', act: 'may answer' }, used: 'opened {n} times, last {when}', unused: 'not opened yet', until: 'valid until {when}',
    state: { active: 'active', expired: 'expired', revoked: 'revoked' }, by: ' ({name})', revoke: 'Revoke', sure: 'Revoke it', hint: 'The link in a message opens this complaint without a login. Revoked, it ends at once, and this receiver gets no other one.',
  },
  ladder: {
    off: 'Escalation is off: when nobody confirms, nobody else is told.', suggest: 'Use the suggested three steps',
  },
}
