import ack from './ack'
import inboxBoth from './inboxBoth'
import refund from './refund'
import told from './told'

export default {
  ...inboxBoth,
  ack,
  refund,
  told,
  app: { name: 'Zhisu', version: 'Zhisu {version}' },
  language: { 'title': 'Language', 'zh-CN': '简体中文', 'en': 'English' },
  nav: { main: 'Main navigation', you: 'Your account: {name}' },
  page: {
    login: 'Log in', setup: 'First set-up', workbench: 'Today', complaints: 'Complaints', case: 'Complaint', respond: 'Respond', programs: 'Programs', notices: 'Notices', refunds: 'Refunds',
    settings: 'Settings', more: 'Me', notFound: 'Page not found',
  },
  waits: { title: 'Whose turn it was', merchant: 'Merchant', user: 'Buyer', both: 'Both sides', platform: 'Platform', was: '{who} {time}', still: '{who}, for {time}', due: 'due {when}', over: 'late' },
  wait: { loading: 'Loading' },
  act: {
    cancel: 'Cancel', close: 'Close', ok: 'OK', done: 'Done', save: 'Save', change: 'Edit', remove: 'Delete', removeSure: 'Delete for good', choose: 'Choose', more: 'More',
    copy: 'Copy', copied: 'Copied', copyFailed: 'Copy by hand', copyThis: 'Copy {text}', details: 'Details', loadMore: 'Load more', tryAgain: 'Try again', gotIt: 'Got it',
    signOut: 'Sign out', home: 'Go to Today', fix: 'Fix', look: 'View', respond: 'Respond', supplement: 'Add evidence', refund_proof: 'Upload proof', appeal: 'Appeal',
  },
  list: { join: ', ' },
  time: {
    unknown: '–', never: 'Never', justNow: 'just now', secondsAgo: '{n} s ago', minutesAgo: '{n} min ago', hoursAgo: '{n} h ago', today: '{time} today',
    yesterday: '{time} yesterday', tomorrow: '{time} tomorrow', date: '{month}/{day} {time}', dateYear: '{year}/{month}/{day} {time}',
    daysHours: '{d} d {h} h', hoursMinutes: '{h} h {m} min', minutes: '{m} min', hours: '{h} h', days: '{d} d', underMinute: 'under 1 min',
  },
  countdown: { left: '{length} left', over: '{length} overdue', none: 'No deadline' },
  view: {
    mine: 'To do', due_soon: 'Due soon', to_supplement: 'Evidence wanted', to_prove: 'Proof wanted', to_appeal: 'Can appeal', platform: 'At the platform',
    waiting_user: 'Waiting for buyer', closed: 'Closed', unknown: 'To verify', all: 'All',
  },
  emptyView: {
    mine: 'Nothing to do right now', due_soon: 'Nothing is due within 12 hours', to_supplement: 'No complaint wants evidence', to_prove: 'No complaint wants proof of handling',
    to_appeal: 'No complaint can be appealed', platform: 'The platform is working on none', waiting_user: 'None waits for a buyer', closed: 'None is closed yet',
    unknown: 'None has an unknown status', all: 'No complaint has arrived yet',
  },
  stage: {
    to_respond: 'To respond', to_supplement: 'Evidence wanted', to_prove: 'Proof wanted', to_appeal: 'Can appeal', waiting_user: 'Waiting for buyer', returning: 'Return awaited', platform: 'At the platform',
    closed: 'Closed', unknown: 'To verify',
  },
  step: {
    to_respond: {
      due: 'Respond to the buyer by {when}. Without a response the platform steps in and holds the merchant liable.', open: 'Respond to the buyer soon.',
      over: 'The time to respond ended at {when}; the platform may have stepped in. Sync and look again.',
    },
    to_supplement: {
      due: 'Add evidence by {when}. Otherwise the platform decides on what it has.', open: 'The platform wants evidence soon.', over: 'The time for evidence ended at {when}; the platform decides on what it has.',
    },
    to_prove: {
      due: 'Upload proof of handling by {when}. Otherwise the platform goes on and may pay the buyer first.', open: 'The merchant was held liable; upload proof of handling soon.',
      over: 'The time for proof ended at {when}; the platform may pay the buyer first.',
    },
    to_appeal: { due: 'If you disagree with the ruling, appeal by {when}.', open: 'If you disagree with the ruling, you can appeal now.', over: 'The time to appeal ended at {when}.' },
    may: { refund_proof: 'The buyer returns the goods. Upload proof of handling when they have arrived.', appeal: 'Nothing to do now. If you disagree with the ruling, you can appeal.' },
    waiting_user: 'Waiting for the buyer; nothing to do now.',
    platform: 'The platform is working on it; nothing to do now. You will be told of news.',
    closed: 'The complaint is closed; nothing to do.',
    unknown: 'WeChat answered with an undocumented status. Check it in the Mini Program console.',
  },
  closed: {
    noRight: 'Your role cannot respond to complaints. Ask your lead if you need to.',
    waiting_user: 'You cannot respond now: the merchant\'s turn is over and the buyer has to confirm. If the buyer calls the platform in, it may ask for evidence and you will be told.',
    platform: 'You cannot respond now: the platform is working on it. You will be told when it wants evidence.',
    to_respond: 'You cannot respond now. Sync and try again.',
    to_supplement: 'You cannot add evidence now. Sync and try again.',
    to_prove: 'You cannot upload proof now. Sync and try again.',
    to_appeal: 'You cannot appeal now. Sync and try again.',
    closed: 'The complaint is closed; no response is needed.',
    unknown: 'WeChat answered with an undocumented status and Zhisu does not guess. Check it in the Mini Program console: 功能 → 交易保障 → 交易投诉.',
  },
  type: {
    611: 'Delivery: not on time', 612: 'Delivery: merchant refuses', 613: 'Delivery: too little or wrong', 614: 'Delivery: tracking stands still', 621: 'Service: no answer', 622: 'Service: abuse or threats',
    631: 'Promise not kept: gift', 632: 'Promise not kept: shipping', 633: 'Promise not kept: other', 641: 'Goods: not as described', 642: 'Goods: damaged', 643: 'Goods: other', 650: 'Bike empty or broken',
    651: 'Charged though locked', 652: 'Wrong amount charged', 653: 'Relocation fee though parked well', 654: 'Charge: other', 655: 'Charged despite a pass', 656: 'Ride pass refund', 657: 'Deposit refund',
    658: 'Balance refund', 659: 'Service does not answer', 660: 'Charged, no power bank', 661: 'Power bank does not work', 662: 'Charged though returned', 663: 'Disputes the time charged', 664: 'Charge: other',
    665: 'Deposit not returned', 666: 'Other: service does not answer', 667: 'Other: nowhere to return it', 668: 'Other: bought by mistake', 670: 'Fraud: false advertising', 671: 'Fraud: fewer episodes than promised',
    672: 'Fraud: amount differs from page', 673: 'Fraud: content differs from ads', 674: 'Fraud: promotion', 675: 'Charge: twice', 676: 'Charge: without reason', 677: 'Charge: inconsistent',
    678: 'Charge: paid by a minor', 679: 'Other problem', 610001: 'Less to watch than promised', 610002: 'Content differs from ads', 610003: 'Content does not play', 610004: 'Paid by a minor', 610005: 'Other',
  },
  source: { all: 'All', wechat: 'WeChat', staff: 'Staff', auto: 'Automatic', rule: 'Rule', system: 'System' },
  inbox: { search: 'Number, text, phone', size: '{n} cases', hasDraft: 'Draft' },
  empty: { noMatch: 'Nothing matches', noText: 'The buyer wrote no text', noData: 'Nothing to choose from' },
  case: {
    missing: 'This complaint was not found', missingText: 'It may be outside your programs, or the link is incomplete.', back: 'Back to the list', number: 'Complaint {id}', sync: 'Sync',
    timeline: 'Timeline', noTimeline: 'Nothing has happened yet', picture: 'View picture {n}', actorSays: '{actor}: {text}', actorNotes: 'Note by {actor}: {text}',
    dueSet: 'Deadline set to {to}', dueMoved: 'WeChat moved the deadline to {to} (was {from})', dueGone: 'WeChat took the deadline away (was {from})',
  },
  fact: { product: 'Product', buyer: 'Buyer', reveal: 'Show', paidAt: 'Paid', outTradeNo: 'Order no.', refunded: 'Refunded' },
  respond: {
    agree: 'Agree', refuse: 'Refuse', decision: 'Decision', length: '{n} characters',
    text: { respond: 'Response to the buyer', supplement: 'What the evidence shows', refund_proof: 'How it was handled', appeal: 'Reasons of the appeal' },
    hint: {
      agree: 'Say what you will do and by when; the buyer reads this', refuse: 'Say why, with facts; the buyer and the platform read this',
      supplement: 'Say what each picture proves; the platform reads this', refund_proof: 'Say how much was refunded, when, and the refund number; the platform checks it',
      appeal: 'Say what was judged wrongly and why; the platform reviews it',
    },
    send: { agree: 'Agree and send', refuse: 'Refuse and send', supplement: 'Submit evidence', refund_proof: 'Submit proof', appeal: 'Submit appeal' },
  },
  kind: { choose: 'What to do', respond: 'Respond', supplement: 'Add evidence', refund_proof: 'Proof of handling', appeal: 'Appeal' },
  returned: { ask: 'Did the returned goods arrive?', yes: 'Yes', no: 'No' },
  editing: { other: '{name} is working on this complaint', takeOver: 'Take over' },
  note: { placeholder: 'Note for colleagues; {\'@\'} names one', label: 'Internal note', save: 'Save note', name: 'Colleagues' },
  advice: { open: 'Texts and advice', none: 'No text fits yet', unfilled: 'To fill in: {list}', checklist: 'Evidence that usually helps' },
  pictures: {
    progress: '{n}%',
    list: 'Pictures', add: 'Add pictures', addShort: 'Pictures', camera: 'Camera', sending: 'Uploading {name}', failed: '{name} was not uploaded: {why}', full: 'At most {n} pictures',
    turn: 'Turn picture {n}', turnShort: 'Turn', hide: 'Hide parts of picture {n}', hideShort: 'Hide parts', remove: 'Remove picture {n}', removeShort: 'Remove',
    editTitle: 'Hide what nobody should read', editHint: 'Drag over names, numbers and addresses. What is hidden cannot be brought back.', undo: 'Undo', apply: 'Hide {n}',
  },
  draft: { saved: 'Draft saved', refused: 'This browser does not keep drafts; leave the page open', empty: '' },
  preview: {
    title: { respond: 'The buyer will see', supplement: 'The platform will see', refund_proof: 'The platform will see', appeal: 'The platform will see' }, final: 'Once sent it cannot be changed or taken back', empty: 'What you write appears here',
  },
  confirm: {
    title: 'Look once more before sending', back: 'Back to editing', yes: 'Send', head: {
      agree: 'Agree and send to the buyer?', refuse: 'Refuse and send to the buyer?', supplement: 'Submit this evidence?', refund_proof: 'Submit this proof?', appeal: 'Submit this appeal?',
    },
  },
  answer: {
    sending: 'Sending', checking: 'Checking', failed: 'Not sent', writeAgain: 'Edit and send again',
    movedOnTitle: 'This was not sent', movedOn: 'The complaint has moved to its next stage; it was just refreshed for you',
    title: { handing_over: 'Sending', queued: 'Waiting to be sent', running: 'Sending to WeChat', unknown: 'Checking with WeChat', done: 'WeChat has it', failed: 'It was not sent', writing: '', confirming: '' },
    text: {
      handing_over: 'One moment', queued: 'It is stored and goes out now, even if you close the page.', running: 'Waiting for WeChat to confirm, even if you close the page.',
      unknown: 'WeChat gave no clear answer. The complaint is being read back; nothing is sent twice before that is settled.', done: 'The timeline shows it.', failed: 'WeChat did not accept it. Your text and pictures are still here.',
      writing: '', confirming: '',
    },
  },
  event: {
    complaint_new: 'New complaint', complaint_progress: 'Complaint progressed', complaint_evidence_wanted: 'Platform wants evidence', complaint_ruled_against: 'Ruled against the merchant',
    complaint_withdrawn: 'Buyer withdrew', complaint_closed: 'Complaint closed', appeal_result: 'Appeal decided', deadline_near: 'Deadline near', refund_done: 'Refund done',
    refund_failed: 'Refund failed', rule_acted: 'Rule acted', rule_stopped: 'Rule stopped', permission_lost: 'Program lost a permission', merchant_expiring: 'Merchant certificate ends soon', push_silent: 'No pushes for long',
    note_mention: 'Named in a note', score_dropped: 'Score dropped', channel_failing: 'Channel failing', digest_daily: 'Daily digest', notices_list: 'Several in one', test: 'Test message',
  },
  notice: {
    none: 'No notice was sent yet',
    state: { queued: 'Waiting', sent: 'Sent', delivered: 'Delivered', failed: 'Failed', dropped: 'Dropped' },
  },
  programs: {
    noName: 'Name not read yet', noPush: 'No push yet', fixMissing: 'Permission "{name}" is missing: {text}.', fixSecret: 'The AppSecret does not work: complaints can be neither read nor answered.', fixRevoked: 'The administrator withdrew the authorisation: no new complaints, no responses.',
    authorised: '"{name}" is authorised', linkCopied: 'Link copied', states: { active: 'Active', disabled: 'Disabled', revoked: 'Withdrawn' },
  },
  role: { owner: 'Owner', manager: 'Manager', agent: 'Agent', finance: 'Finance', viewer: 'Viewer' },
  member: { passwordHint: 'At least {n} characters' },
  login: {
    title: 'Log in to Zhisu', text: 'Know of a complaint within seconds, settle it within 48 hours.', email: 'E-mail', password: 'Password', otp: 'One-time code', go: 'Log in', busy: 'Logging in',
    fresh: 'Zhisu has no owner yet. Open the first set-up link shown in the terminal at start.',
  },
  setup: {
    title: 'First set-up', text: 'Create the owner. An owner may do everything and adds the others.', name: 'Your name', again: 'Password again', differs: 'The two passwords differ',
    go: 'Create and start', done: 'Zhisu is set up already.', noToken: 'Open the first set-up link shown in the terminal at start; it carries a one-time token.\nIf it no longer works, restart Zhisu to get a new one.',
  },
  problem: {
    network: 'The server cannot be reached. Check the network; what you typed is still here.', internal: 'The server failed. Try again later.', unauthenticated: 'Your session ended. Log in again.',
    forbidden: 'Your role does not allow this.', not_found: 'Not found, or outside your programs.', conflict: 'Somebody just did the same. Reload and look again.',
    not_legal_now: 'The complaint has moved on; this cannot be done now.', rate_limited: 'Too many tries. Try again in {n} s.', validation: 'Something is filled in wrongly. Check and submit again.',
    idempotency_mismatch: 'The content has changed. Submit again.', upstream: 'WeChat does not answer right now. Try again later.', moved_on: 'The complaint has moved to its next stage; it was just refreshed for you',
    evidence_type: 'Only JPEG, PNG, GIF or WebP pictures.', evidence_too_large: 'Pictures may have at most 20 MB.', evidence_pixels: 'The picture has too many pixels.',
    evidence_broken: 'The picture cannot be opened; choose it again.',
    bad_login: 'Wrong e-mail or password.', bad_otp: 'The one-time code is wrong or was used.',
  },
}
