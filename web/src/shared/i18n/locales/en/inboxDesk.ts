/** The desk's words of choosing, answering many, keeping and exporting filters. */
export default {
  filterMore: { type: 'Problem', anyType: 'All problems' },
  saved: { title: 'My views', save: 'Save as view', change: 'Change view', changeThis: 'Change view {name}', name: 'Name', share: 'Everybody sees it, each within their own programs', by: 'Shared by {name}' },
  exporting: { open: 'Export', xlsx: 'Excel (.xlsx)', csv: 'CSV (.csv)', note: 'The filter in use, at most 100,000 cases. Personal data is masked.' },
  bulk: {
    title: 'Many at once', choose: 'Choose complaint {id}', chosen: '{n} chosen', all: 'All', allHint: 'From the top of this filter, at most {n}', none: 'Choose none', cases: '{n} cases', list: 'What becomes of each',
    do: { respond: 'Answer all', assign: 'Assign', note: 'Note' }, template: 'Use a text', text: 'Answer', textHint: 'What each buyer is told; variables are filled in', noteHint: 'For colleagues; never sent to the buyer or the platform',
    variables: 'Filled in for each case: {list}', each: 'Look each over first, then send', look: 'Preview', ready: '{n} can be done, {not} are left out', sending: 'Sending',
    send: { respond: 'Send to {n} buyers', assign: 'Assign {n} cases', note: 'Write to {n} cases' }, sumSent: '{n} submitted; each case shows what WeChat says', sum: '{n} done', sumFailed: '{n} done, {failed} failed', when: '. {when}',
    state: { not: 'Left out', done: 'Handed over', failed: 'Failed', sending: 'Sending', ready: 'Waiting' },
  },
}
