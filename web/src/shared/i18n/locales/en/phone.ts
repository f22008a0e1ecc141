import inboxPhone from './inboxPhone'
import heard from './heardPhone'
import link from './link'

export default {
  ...inboxPhone,
  heard,
  link,
  inbox: { soon: '{n} due within 12 h, first {when}', noneSoon: 'Nothing due within 12 h', withDraft: '{state}, draft' },
  step: {
    to_respond: { due: 'Respond by {when}, or the platform steps in', over: 'Ended {when}; the platform may have stepped in' },
    to_supplement: { due: 'Add evidence by {when}', over: 'Ended {when}; the platform decides on what it has' },
    to_prove: { due: 'Upload proof by {when}', over: 'Ended {when}; the platform may pay first' },
    to_appeal: { due: 'If you disagree, appeal by {when}', over: 'The time to appeal ended {when}' },
  },
  fact: { leftUnsaid: 'refunded elsewhere, amount to be found' },
  kind: { refund_proof: 'Upload proof' },
  pull: { pull: 'Pull to refresh', release: 'Release to refresh', loading: 'Refreshing' },
  case: { all: 'All', allEntries: 'All {n}', fewer: 'Fewer', pictures: '{n} picture | {n} pictures', toCase: 'See the complaint', toList: 'To the others' },
  respond: { refuseShort: 'Refuse', about: '{type}, {amount}' },
  draft: { will: 'What you write is kept', savedLong: 'Draft saved; closing the page loses nothing' },
  preview: { open: 'Preview' },
  programs: {
    none: 'No Mini Program is connected', noneText: 'The first one needs some values pasted into WeChat’s console, which is easier at a computer; on a phone, see Me → Settings → Platform.', broken: 'Needs help', pushed: 'Push {when}', openN: '{n} open', copyLink: 'Copy the authorisation link',
    copyHint: 'Send it to the administrator, to be opened in WeChat and scanned.',
  },
  page: { standing: 'Standing', reports: 'Reports', rules: 'Rules' },
  more: { heard: 'Who hears what' },
}
