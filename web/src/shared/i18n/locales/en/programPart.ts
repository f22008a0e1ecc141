/** The parts of a program's details, and the changes in the list. */
export default {
  all: 'Details of the program', facts: 'Basics', rules: 'Rules', money: 'Refunds', heard: 'Notices', standing: 'Standing',
  noRules: 'No rule is for this program: people handle its complaints.', noMoneyRules: 'No rule pays this program’s users back.', toRules: 'Manage rules', lastDays: 'Last {n} days', done: 'Arrived', open: 'On the way', failed: 'Failed', times: '{n} refund | {n} refunds',
  toRefunds: 'See the refunds', moneyRules: 'Refunds by rule', deaf: 'Nobody is told when this program gets a new complaint', toHeard: 'Manage who hears what', toStanding: 'All deductions and changes', appealable: 'Can be appealed',
  move: { up: '+{n}', down: '−{n}', flat: 'no change' },
}
