export default {
  tab: 'Reminders',
  hours: 'Before the deadline', hoursHint: 'Tells those who subscribed to "Deadline near".', hour: '{n} h left', addHour: 'Add a time', hourLabel: 'Hours left',
  ladder: 'Until somebody says they have seen it', ladderHint: 'It stops when somebody presses "I have seen it" or starts to act.', line: 'Reminders and escalation on the 48-hour clock',
  afterMinutes: '{n} min unseen', hoursLeft: '{n} h left', after: 'Not seen for (min)', left: 'Time left (h)', to: 'Tell', add: 'Add a step', remove: 'Remove step {n}', 
  who: { assignee: 'Assignee', manager: 'Manager', owner: 'Owner' }, start: 'Complaint', end: 'Deadline',
  quiet: 'Quiet hours', quietHint: 'Steps that can wait are held until the end; what is urgent is told at once.', from: 'From', until: 'To',
  digest: 'Daily digest', digestHint: 'One message a day with every complaint that still waits.', at: 'Sent at', channel: 'Channel', receiver: 'Receiver', member: 'Member', saved: 'Saved',
}
