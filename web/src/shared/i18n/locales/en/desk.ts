import account from './channels'
import delivery from './deliveries'
import direct from './direct'
import gap from './gaps'
import heard from './heard'
import inboxDesk from './inboxDesk'
import only from './only'
import reminder from './reminders'
import report from './reports'
import resend from './resend'
import retention from './retention'
import rule from './rules'
import programPart from './programPart'
import standing from './standing'
import ledger from './ledger'
import merchant from './merchants'

export default {
  only,
  page: { reports: 'Reports', standing: 'Standing', rules: 'Rules' },
  rule,
  programPart,
  standing,
  reminder,
  report,
  resend,
  retention,
  account,
  ...inboxDesk,
  delivery,
  direct,
  gap,
  heard,
  ledger,
  merchant,
  viewGroup: { todo: 'To do', running: 'In progress', everything: 'Everything' },
  sort: { due: 'Least time left first', newest: 'Last filed first' },
  inbox: {
    views: 'Views', list: 'Complaints', case: 'Complaint', filter: 'Filter', import: 'Add by number', sizeMore: '{n}+ cases', noMatchText: 'Try other words, or clear the filter',
    pickTitle: 'Pick a complaint', pickText: 'J and K move, R responds at once',
  },
  filter: {
    program: 'Program', stage: 'Stage', created: 'Filed', from: 'From', to: 'To', sort: 'Order', anyProgram: 'All programs', anyStage: 'All stages', clear: 'Clear filter',
  },
  import: {
    title: 'Add by number', text: 'A complaint whose push was lost can be added when its number is known. Zhisu asks WeChat and follows it like any other.', number: 'Complaint number',
    where: 'Shown in the Mini Program console under 功能 → 交易保障 → 交易投诉', go: 'Add',
  },
  keys: { title: 'Keyboard', move: 'Next, previous', open: 'Go into the complaint', respond: 'Respond', evidence: 'Add pictures', choose: 'Choose; with Shift a range', search: 'Search', escape: 'Fold, leave the search', help: 'Show these keys' },
  case: {
    copyId: 'Copy the complaint number', filed: 'Filed {when}', wechatSays: 'WeChat: {text}', synced: 'Synced with WeChat {when}', notSynced: 'Details not read yet',
  },
  fact: { amount: 'Order amount', elsewhere: 'Elsewhere', unsaid: 'amount to be found', revealHint: 'Showing is recorded', transaction: 'Payment no.' },
  respond: { write: { respond: 'Write a response', supplement: 'Describe the evidence', refund_proof: 'Describe how it was handled', appeal: 'Write the reasons' }, needText: 'Write a text or add a picture', next: 'Next' },
  preview: { where: 'in WeChat' },
  confirm: { to: '{program}, {type}, complaint {id}', agreeHint: 'Agreeing refunds nothing by itself; the refund is offered as the next step.' },
  empty: { noPicture: 'Picture cannot be opened', page: 'The link may be incomplete, or the page has moved.' },
  weekday: { 0: 'Sunday', 1: 'Monday', 2: 'Tuesday', 3: 'Wednesday', 4: 'Thursday', 5: 'Friday', 6: 'Saturday' },
  workbench: {
    allPrograms: 'All {n}',
    today: '{weekday}, {month}/{day}', numbers: 'Today', todo: 'To do', todoHint: 'waiting for you', due12h: 'Due within 12 h', due12hHint: 'do these first',
    newToday: 'New today', newTodayHint: 'since midnight', overdue: 'Overdue', overdueHint: 'past their deadline', dueSoon: 'Due soon', allTodo: 'All {n}',
    nothing: 'Nothing to do right now', days: 'Last {n} days', created: 'New', closed: 'Closed', dayIs: '{day}: {created} new, {closed} closed', average: '{average} a day over {n} days', health: 'Connection health', checked: 'Checked {when}',
  },
  programs: {
    needHelp: '{n} programs need help', sum: '{n} in all', sumBroken: '{n} in all, {broken} need help', authorise: 'Authorise a program', search: 'Name, AppID, company',
    groups: 'By state', group: { all: 'All {n}', healthy: 'Healthy {n}', broken: 'Need help {n}', disabled: 'Disabled {n}' },
    one: 'Program', merchant: 'Merchant', mode: 'Connected by', modes: { platform: 'Platform', direct: 'Own AppSecret' }, sets: 'Permissions', complete: 'Complete', missing: '{n} missing', notNeeded: 'Not needed',
    disabled: 'Disabled', revoked: 'Withdrawn', lastPush: 'Last push', open: 'Open cases', score: 'Score', noScore: 'Not read', details: 'Details of {name}',
    fixJoin: ' ', fixHow: 'Ask the Mini Program\'s administrator to scan again and keep these ticked. Only one platform at a time can hold the complaint permission.', fixRevokedHow: 'Ask the Mini Program\'s administrator to authorise again. Past complaints are kept.',
    authorisedWhole: 'All permissions are granted. Complaints arrive here within seconds. Next, say who is told.', authorisedPart: 'Permissions are missing, see below.', whoHears: 'Who is told',
    again: 'Authorise again', sendLink: 'Link for the administrator', userName: 'Original ID', state: 'State', authorizedAt: 'Authorised', allSets: 'All that is needed is granted.', lastError: 'Last error',
    owner: 'Responsible', nobody: 'Nobody', someone: 'A member who left or does not see it', tags: 'Tags', tagsLike: 'e.g. tea, east', renew: 'Renew the authorisation', renewHow: 'When permissions change, the program\'s administrator scans once more. Complaints and settings stay as they are.', qr: 'Show the QR code', qrAgain: 'Another one', qrLabel: 'QR code to authorise the program', qrHint: 'The administrator scans it with WeChat. It ends after some minutes.',
    refresh: 'Read again', enable: 'Enable', disable: 'Disable', disableHint: 'A disabled program sends no notices and is not synced; pushes are still stored.',
  },
  connect: {
    title: 'Connect the first Mini Program', titleAgain: 'Third-party platform', lead: 'About 10 minutes. Afterwards a complaint shows here within seconds and somebody is told.',
    notYours: 'No Mini Program is connected', notYoursText: 'The owner connects the third-party platform. Please ask them.',
    s1: 'Enter the third-party platform', s1Done: '{appid}, secret stored encrypted', s1Where: 'WeChat developer platform → 我的业务 → 第三方平台',
    s2: 'Paste these values into WeChat\'s console', s2Where: 'WeChat developer platform → 我的业务 → 第三方平台 → 开发配置', console: 'Open WeChat\'s console',
    s3: 'Authorise the first Mini Program', s3Again: 'Authorise a Mini Program', s3Who: 'Its administrator scans with WeChat',
    appid: 'Platform AppID', appidWhere: 'Begins with wx', secret: 'Platform AppSecret', secretHint: 'Stored encrypted, never shown again', secretKept: 'Stored; leave empty to keep',
    authDomain: '授权发起页域名', eventsUrl: '授权事件接收 URL', messagesUrl: '消息与事件接收 URL', token: '消息校验 Token', key: '消息加解密 Key', ip: 'IP 白名单',
    appidHint: 'Paste $APPID$ as it is', ipHint: 'This server\'s public outgoing IP', keyLength: '{n} characters, not shown again after this page', kept: 'Stored, not shown again', notMade: 'Not made yet',
    freshHint: 'Token and Key are not shown again after this page: copy them into WeChat\'s console first.', keptHint: 'Token and Key can be made anew; the old ones stay valid while you switch.',
    check: {
      settings: { ok: { text: 'AppID, secret, Token and Key are stored' }, waiting: { text: 'Enter the third-party platform first' } },
      ticket: {
        ok: { text: 'WeChat\'s ticket has come', hint: 'Again every 10 minutes' }, waiting: { text: 'No ticket from WeChat yet', hint: 'Comes every 10 minutes once its console is saved' },
        failed: { text: 'No ticket for too long', hint: 'Check the URL of the events and the firewall' },
      },
      token: { ok: { text: 'Token of the platform obtained' }, waiting: { text: 'Checked with the first ticket', hint: 'The IP list in WeChat\'s console must hold this server' }, failed: { text: 'No token of the platform' } },
      messages: { ok: { text: 'A push of a program has come' }, waiting: { text: 'Checked once a program is authorised', hint: 'Paste $APPID$ as it is' } },
      programs: { ok: { text: 'Programs are authorised' } },
      channels: { ok: { text: 'Channels of notices work' }, failed: { text: 'No channel for notices yet', hint: 'Nobody is told of a new complaint' } },
    },
    proven: { token: 'Signatures agree', key: 'WeChat\'s pushes can be opened' }, notProven: 'Checked with the first ticket',
    makeHint: 'Make Token and Key first, then paste them with the addresses above.', make: 'Make Token and Key', makeAgain: 'Make anew', checkNow: 'Check now',
    keepTicked: 'Keep these three ticked', set: { complaints: '小程序违规与交易投诉管理', service: '客服', guarantee: '小程序交易保障' },
    setFor: { complaints: 'Receive and answer complaints; one platform at a time', service: 'Upload evidence pictures', guarantee: 'See score and deductions' },
    goWechat: 'Go to WeChat', waitsFor: 'One step left: {text}',
  },
  notices: { tab: { channels: 'Channels', subscriptions: 'Who hears what', log: 'Delivery log' } },
  channel: {
    none: 'No channel yet', noneText: 'Add a mailbox or a group robot; complaints then arrive at once.', add: 'One more',
    kind: { email: 'E-mail', offiaccount: 'Official account', sms: 'Text message', wecom: 'WeCom robot', dingtalk: 'DingTalk robot', feishu: 'Feishu robot', webhook: 'Webhook' },
    addHook: 'Add {kind}', editHook: 'Edit {kind}', url: 'Webhook address', secret: 'Signing secret',
    urlLike: {
      wecom: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…', dingtalk: 'https://oapi.dingtalk.com/robot/send?access_token=…',
      feishu: 'https://open.feishu.cn/open-apis/bot/v2/hook/…', webhook: 'https://…',
    },
    secretHint: { dingtalk: 'Begins with SEC; tick 加签 under 安全设置 when you add the robot', webhook: 'You choose it; the receiver checks with it that a message is from Zhisu', optional: 'Only when the robot checks signatures' },
    hookState: { waiting: 'Unreachable for now', paused: 'Settings refused', disabled: 'Disabled' }, addMail: 'Add e-mail', editMail: 'Edit e-mail', mailName: 'E-mail',
    mailLine: '{user}, {host}:{port}', removeAsk: 'It will send nothing any more', testTo: 'Test receiver', test: 'Send a test', testing: 'Sending',
    provider: 'Provider', preset: { 163: 'NetEase 163', qq: 'QQ Mail', exmail: 'Tencent Exmail', 126: '126.com', qiye163: 'NetEase business mail', aliyun: 'Alibaba Mail', gmail: 'Gmail', outlook: 'Outlook', custom: 'Other' },
    how: {
      163: '163 wants an authorisation code, not the web password:\nweb mail → 设置 → POP3/SMTP/IMAP → turn it on → 新增授权密码. The code is shown once.',
      qq: 'QQ Mail wants an authorisation code, not the QQ password:\nweb mail → 设置 → 账号 → POP3/IMAP/SMTP 服务 → 生成授权码 (16 letters).',
      exmail: 'The account is the whole address. Turn the service on under 设置 → 客户端设置 and make a client password.',
      126: '126.com wants an authorisation code, not the web password:\n126.com on the web → Settings → POP3/SMTP/IMAP → switch on → add an authorisation code. It is shown once.',
      qiye163: 'The account is the full address. Make a client code in the web mail under Settings → Client settings.',
      aliyun: 'The account is the full address, the password that of the mailbox; with a client security password switched on, that one.',
      gmail: 'Gmail wants an app password: Google Account → Security → 2-Step Verification → App passwords.',
      outlook: 'Personal Outlook accounts may no longer accept a password. Send a test after saving.',
      wecom: 'WeCom group → menu → 消息推送 (group robot) → add, copy the webhook address. At most 20 messages a minute. The key in the address is the secret; it is not shown again.',
      dingtalk: 'DingTalk group → settings → robots → add a custom robot, tick 加签 under 安全设置, copy the address and the secret. At most 20 messages a minute.',
      feishu: 'Feishu group → settings → group robots → add a custom robot, copy the webhook address, and the secret if signatures are checked.',
      webhook: 'Zhisu posts JSON to this address, signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature). Any 2xx counts as received.',
      custom: 'Ask your provider for SMTP server, port and encryption. Port 465 usually means SSL/TLS, 587 STARTTLS.',
    },
    state: { waiting: 'Unreachable for now', paused: 'Settings refused', disabled: 'Disabled' }, lastError: 'Failed {when}: {text}', lastSuccess: 'Last sent: {when}',
    host: 'SMTP server', port: 'Port', security: 'Encryption', sec: { tls: 'SSL/TLS', starttls: 'STARTTLS', none: 'None (this machine only)' },
    username: 'Mailbox', password: 'Password', code: 'Authorisation code', fromName: 'Sender name', fromHint: 'The sender address is the mailbox', name: 'Channel name', nameHint: 'Tells channels apart elsewhere',
    need: { host: 'The SMTP server is missing', port: 'The port is 1 to 65535', username: 'The mailbox is missing', password: 'The code or password is missing', url: 'An address with https:// is missing', secret: 'The signing secret is missing' }, thenTest: 'Send a test after saving',
  },
  subscription: {
    none: 'Nobody is told yet', noneText: 'Say who hears of what, of which programs.', channelFirst: 'Add a channel first.', toChannels: 'Add a channel', add: 'Add receivers',
    edit: 'Edit receivers', programs: 'Programs', programsHint: 'None chosen means all, also future ones', allPrograms: 'All programs', events: 'When', receivers: 'Who',
    address: 'E-mail address', addReceiver: 'One more', group: 'To the group',
  },
  notice: {
    all: 'All', noneText: 'When complaints come in, who was told when and with what outcome is kept here.', at: 'Time', event: 'Event', channel: 'Channel', to: 'Receiver', outcome: 'Outcome',
    tries: '{n} attempt | {n} attempts', case: 'Complaint',
    outcomes: { sent: 'Sent', retry: 'Retried later', permanent: 'Not retried', config: 'Waits for settings', unknown: 'Unclear' }, next: ', again {when}',
  },
  settings: {
    retention: 'Retention', gaps: 'Gap check', members: 'Members', platform: 'Platform', templates: 'Texts', tokens: 'API tokens', merchants: 'Merchants', deliveries: 'Raw pushes', audit: 'Audit trail', notYours: 'The owner keeps this', ownerOnly: 'Ask the owner to change members or rights.',
  },
  template: {
    text: 'Texts to choose from when answering. Variables are filled in for each case: {vars}', none: 'No texts yet', add: 'Add a text', edit: 'Edit text', name: 'Name', kinds: 'For', allKinds: 'All actions',
    decision: 'Decision', both: 'Both', body: 'Text', types: 'Problems', allTypes: 'All problems', need: 'A name and a text are needed', stops: 'Saving pauses the rules that use this text until they are replayed: {rules}',
  },
  member: {
    text: 'Who may sign in, do what, for which programs', add: 'Add a member', edit: 'Edit member', name: 'Name', email: 'E-mail', role: 'Role', scope: 'Programs',
    lastSeen: 'Last sign-in', you: '(you)', disabled: 'Disabled', allPrograms: 'All programs', scopeHint: 'None chosen means all, also future ones', firstPassword: 'First password',
    newPassword: 'New password', newPasswordHint: 'Leave empty to keep; a new one ends their sessions', disable: 'Disable', enable: 'Enable',
  },
  roleHint: {
    owner: 'Everything, also platform, members and secrets', manager: 'Everything but platform, members and secrets', agent: 'Handles complaints in scope', finance: 'Refunds and merchants, reads complaints',
    viewer: 'Reads, personal data hidden',
  },
  token: {
    ending: 'zs_…{hint}',
    text: 'For scripts and other systems, with the rights of your account', name: 'Purpose', namePlaceholder: 'e.g. dashboard', create: 'New token', once: 'Shown only this once; keep it now:',
    none: 'No token yet', hint: 'Token', created: 'Created', used: 'Last used', revoke: 'Revoke', revokeSure: 'Revoke for good',
  },
  audit: { yes: 'yes', no: 'no', text: 'Who did what, and when', none: 'Nothing recorded yet', at: 'Time', who: 'Who', what: 'What', program: 'Program', detail: 'Detail', did: '{verb} {object}', system: 'System', all: 'all' },
  verb: {
    forget: 'Deleted', forget_now: 'Had deleted at once', check: 'Checked', approve: 'Approved', reject: 'Rejected', retry: 'Tried again', cancel: 'Cancelled', reconcile: 'Reconciled', export: 'Exported', submit: 'Submitted',
    open: 'Opened', use: 'Used', resend: 'Sent again', assign: 'Assigned', late: 'Found late',
    create: 'Created', update: 'Changed', delete: 'Deleted', remove: 'Deleted', reveal: 'Revealed', setup: 'Set up', login: 'Signed in', logout: 'Signed out', respond: 'Responded to', sync: 'Synced', import: 'Imported',
    authorise: 'Authorised', authorize: 'Authorised', refresh: 'Read again', disable: 'Disabled', enable: 'Enabled', revoke: 'Revoked', test: 'Tested', generate: 'Generated', replay: 'Replayed', rotate: 'Rotated', login_blocked: 'Sign-in blocked for a while', totp_on: 'Second factor on', totp_off: 'Second factor off',
  },
  object: {
    retention: 'old data', merchant: 'merchant', refund: 'refund', refunds: 'refunds', setting: 'setting',
    link: 'one-tap link', notice: 'message', contact: 'contact of a member', template: 'text', view: 'saved view', settings: 'settings',
    user: 'member', token: 'API token', session: 'session', complaint: 'complaint', program: 'program', platform: 'platform', channel: 'channel', subscription: 'subscription', binding: 'receiver',
    action: 'action', delivery: 'push', keyset: 'keys',
  },
  auditField: {
    deliveries: 'pushes', snapshots: 'snapshots', images: 'pictures', originals: 'originals', personal: 'personal data', deliveries_days: 'push days', snapshots_days: 'snapshot days', images_days: 'picture days', originals_days: 'original days', personal_days: 'personal data days',
    operation: 'operation', receiver: 'receiver', hours_left: 'reminders (hours)', ladder: 'escalation steps', digest: 'daily digest',
    amount: 'amount', reason: 'reason', mchid: 'merchant no.', approval_above: 'approval above', agent_limit: 'limit of agents', merchant_id: 'merchant',
    ok: 'ok', code: 'code', complaint_order_id: 'complaint no.', address: 'IP', events: 'events', receivers: 'receivers', enabled: 'enabled', email: 'e-mail', name: 'name', role: 'role', program_ids: 'programs', password: 'password', disabled: 'disabled', kind: 'kind', decision: 'decision', state: 'state', appid: 'AppID',
  },
}
