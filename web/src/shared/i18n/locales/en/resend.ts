export default {
  act: 'Send again', done: 'Sent again', because: ': {text}',
  reason: { subscription: 'Subscription', escalation: 'Escalation', digest: 'Daily digest', fallback: 'Fallback channel', resend: 'Sent again', warning: 'Channel warning', mention: 'Named in a note' },
}
