/** Raw pushes of WeChat. */
export default {
  text: 'What WeChat pushed to Zhisu, decrypted and kept as it came. Opening a body is recorded', none: 'No such push', noneText: 'Once a program is authorised, pushes of WeChat are kept here', all: 'All',
  at: 'Received', event: 'Event', program: 'Program', state: 'State', repeats: 'WeChat sent it again {n} times', anyProgram: 'All programs', of: '{event}, {when}',
  states: { stored: 'Waiting', done: 'Worked on', ignored: 'Only kept', failed: 'Failed' },
  events: {
    complaint_callback: 'Complaint', complaint_callbackfrom_callback: 'Complaint', authorized: 'Authorised', updateauthorized: 'Authorisation changed', unauthorized: 'Authorisation withdrawn', component_verify_ticket: 'Ticket of the platform',
  },
  sources: { platform_events: 'Authorisation events URL', platform_messages: 'Messages and events URL', direct: 'Own server' },
  source: 'Arrived at', processed: 'Worked on', why: 'Reason', body: 'Body', noBody: 'Authorisation events carry codes; their body is not shown', case: 'Open the complaint', forms: { xml: 'XML', json: 'JSON', text: 'Text' },
  replay: 'Replay', replayHint: 'Works on this push again: reads the complaint from WeChat anew, sends nothing', replayAsk: 'Work on it again?', replayed: 'Queued again; see the list in a few seconds', notThis: 'Authorisation events work once and cannot be replayed',
}
