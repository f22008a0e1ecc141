/** The page of rules. */
export default {
  say: {
    when: 'When ', names: '{list}', some: '{list} and others ({n})', anyProgram: 'any mini program', gets: ' gets a complaint about ', noType: '(no problem chosen)', complaint: ' of ', upTo: 'up to {amount}', and: ', ', first: 'the user\'s first in {n} days',
    between: '{from} to {to}', from: 'from {from}', until: 'until {to}', after: ', and after ', minutes: '{n} minutes', nobody: ' nobody has dealt with it', then: ', then ', agree: 'agree', refuse: 'refuse', withTemplate: ' with the text ', withText: ' with ', template: '{name}',
    ownText: 'the words below', also: ', and ', full: 'refund in full', fixed: 'refund {amount}', end: '.',
  },
  day: '{month}/{day}', goneProgram: 'a removed mini program', goneTemplate: 'a deleted text',
  running: 'Running', stopped: 'Stopped', stoppedBy: 'by {name}, {when}; people deal with every complaint', today: '{rules} rules; today {n} cases dealt with, {amount} refunded', todayFailed: ', {n} failed', resume: 'Resume', stopAll: 'Stop everything', stopNow: 'Stop', stopSure: 'What has not been sent goes to people',
  stopHint: 'What has not been sent then goes to people', mode: { active: 'On', draft: 'Off', paused: 'Paused', over: 'Ended' }, usedCases: 'Today {n} / {most} cases', list: 'Rules', order: 'Tried in order, the first that fits is used',
  limit: { perCase: 'Refund per case, at most', casesPerDay: 'Cases per day, at most', perDay: 'Refund per day, at most', over: 'Beyond that' }, noMoney: 'No refund', cases: '{n} cases', toPeople: 'People are told', replay90: 'Replay of the last 90 days', onlyCounts: 'Only counts, nothing is sent', replay: 'Replay', replayAgain: 'Replay again',
  replayedAt: 'This version was replayed {when}', replayedBefore: 'Replayed {when}, changed since', replayFirst: 'Replay this version first, see what it would do, then enable it', onlyNew: 'Acts only on complaints that come after it is enabled', readOnly: 'You can only look at this rule', pause: 'Pause', enable: 'Enable rule',
  hits: 'Would act on', money: 'Would refund', perWeek: 'Cases by week', weekIs: 'Week of {when}: {n} cases, {differing} decided otherwise by people', differing: 'People decided {of} of them, {n} otherwise', inInk: 'dark in the chart', overLimit: '{n} more would go to people because of the limits',
  add: 'New rule', edit: 'Change rule', name: 'Name', programs: 'Mini programs', programsHint: 'None chosen means all', types: 'Problems', amountMax: 'Amount, at most', wait: 'Minutes without anybody dealing with it', waitHint: '0 to 1440; once somebody has looked, noted or answered, nothing automatic happens', first: 'The user\'s first complaint in so many days', firstHint: 'Empty for no limit; 1 to 365',
  valid: 'Valid', template: 'Text', ownText: 'Own words', text: 'The answer', refund: 'Refund', refunds: { none: 'None', full: 'In full', fixed: 'A fixed amount' }, refundAmount: 'Amount', refundHint: 'The refund comes first; the user is answered once it has arrived. If it fails, people take over',
  wrong: { name: 'A name is needed', types: 'Choose a problem', money: 'An amount above 0 is needed', to: 'The end must come after the beginning', content: 'Write the answer or choose a text', cases: 'A number above 0 is needed' },
  editStops: 'Saving switches the rule off; it has to be replayed again', draftHint: 'Once saved, replay it, then enable it', saveDraft: 'Save as draft', none: 'No rules yet', noneText: 'Rules can answer common complaints about small amounts. Begin with one that only answers and refunds nothing, replay it, then enable it. Everything can be stopped at any time.', startFrom: 'Start from: {name}',
  example: { late: 'Late delivery', lateText: '非常抱歉让您久等了。您的订单我们会在 24 小时内发出，请留意物流信息。', bank: 'Power bank returned, still charged', bankText: '非常抱歉，经核实您已归还充电宝，多收的费用已全额退还，请查收。' },
  takeOver: 'Leave it to people',
}
