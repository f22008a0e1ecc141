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
  page: { reports: '报表', standing: '交易违规', rules: '自动化' },
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
  viewGroup: { todo: '待办', running: '进行中', everything: '全部' },
  sort: { due: '按剩余时间，从少到多', newest: '按投诉时间，从新到旧' },
  inbox: {
    views: '视图', list: '投诉列表', case: '投诉单', filter: '筛选', import: '按单号补录', sizeMore: '{n}+ 单', noMatchText: '换个关键词，或清除筛选条件',
    pickTitle: '选一张投诉单', pickText: '按 J、K 上下移动，按 R 直接回应',
  },
  filter: {
    program: '小程序', stage: '环节', created: '投诉时间', from: '从', to: '到', sort: '排序', anyProgram: '全部小程序', anyStage: '全部环节', clear: '清除筛选',
  },
  import: {
    title: '按单号补录', text: '推送丢失的投诉，知道单号就能补录。知诉会向微信查询并照常跟进。', number: '投诉单号',
    where: '在小程序后台的 功能 → 交易保障 → 交易投诉 里可以看到', go: '补录',
  },
  keys: { title: '键盘快捷键', move: '下一单、上一单', open: '进入投诉单', respond: '回应', evidence: '补充凭证图片', choose: '选择，按住 Shift 连选', search: '搜索', escape: '收起、退出搜索', help: '显示本页快捷键' },
  case: {
    copyId: '复制投诉单号', filed: '{when} 发起', wechatSays: '微信状态：{text}', synced: '与微信同步：{when}', notSynced: '还没有同步到详情',
  },
  fact: { amount: '订单金额', elsewhere: '别处已退', unsaid: '金额待查', revealHint: '查看会留下记录', transaction: '支付单号' },
  respond: { write: { respond: '写回应', supplement: '写凭证说明', refund_proof: '写处理说明', appeal: '写申诉理由' }, needText: '请写文字或加图片', next: '下一单' },
  preview: { where: '微信 · 投诉详情' },
  confirm: { to: '{program}，{type}，投诉单 {id}', agreeHint: '同意和解不会自动退款；发送后会问您要不要接着退款。' },
  empty: { noPicture: '图片打不开', page: '链接可能不完整，或页面已经移走。' },
  weekday: { 0: '星期日', 1: '星期一', 2: '星期二', 3: '星期三', 4: '星期四', 5: '星期五', 6: '星期六' },
  workbench: {
    allPrograms: '全部 {n} 个',
    today: '{month}月{day}日 {weekday}', numbers: '今天', todo: '待处理', todoHint: '等商家操作', due12h: '12 小时内到期', due12hHint: '请先处理',
    newToday: '今日新增', newTodayHint: '0 点起', overdue: '已超时', overdueHint: '期限已过仍未处理', dueSoon: '即将到期', allTodo: '全部 {n} 单',
    nothing: '现在没有要处理的投诉', days: '近 {n} 天', created: '新增', closed: '完结', dayIs: '{day}：新增 {created}，完结 {closed}', average: '近 {n} 天日均 {average}', health: '连接健康', checked: '{when}检查',
  },
  programs: {
    needHelp: '{n} 个小程序需要处理', sum: '{n} 个', sumBroken: '{n} 个，{broken} 个需要处理', authorise: '授权小程序', search: '搜名称、AppID、主体',
    groups: '按状态看', group: { all: '全部 {n}', healthy: '正常 {n}', broken: '需要处理 {n}', disabled: '已停用 {n}' },
    one: '小程序', merchant: '商户号', mode: '接入方式', modes: { platform: '第三方平台', direct: '自有 AppSecret' }, sets: '权限', complete: '齐全', missing: '缺 {n} 项', notNeeded: '不需要',
    disabled: '已停用', revoked: '已取消授权', lastPush: '最近推送', open: '未结投诉', score: '交易体验分', noScore: '读不到', details: '{name} 的详情',
    fixJoin: '', fixHow: '请小程序管理员重新扫码，并保持这些权限勾选。投诉管理权限同一时间只能给一个第三方平台。', fixRevokedHow: '请小程序管理员重新扫码授权。历史投诉都还在。',
    authorisedWhole: '权限齐全。用户一投诉，几秒内就会出现在这里。接下来设置谁收通知。', authorisedPart: '还缺权限，见下方说明。', whoHears: '设置谁收通知',
    again: '重新授权', sendLink: '发链接给管理员', userName: '原始 ID', state: '状态', authorizedAt: '授权时间', allSets: '需要的权限都有。', lastError: '最近一次错误',
    owner: '负责人', nobody: '没有负责人', someone: '已停用或看不到它的成员', tags: '标签', tagsLike: '例如：茶叶、华东', renew: '更新授权', renewHow: '权限有变化，或想换一组权限时，请小程序管理员重新扫码。投诉单和设置都不受影响。', qr: '显示二维码', qrAgain: '换一张', qrLabel: '小程序授权二维码', qrHint: '请小程序管理员用微信扫码。二维码几分钟后失效。',
    refresh: '重新读取', enable: '恢复接收', disable: '停用', disableHint: '停用后不再发通知，也不再同步；推送仍会保存。',
  },
  connect: {
    title: '接入第一个小程序', titleAgain: '第三方平台', lead: '大约 10 分钟。做完以后，用户一投诉，这里几秒内就会出现，并提醒到人。',
    notYours: '还没有接入小程序', notYoursText: '接入第三方平台由所有者完成。请联系所有者。',
    s1: '填写第三方平台信息', s1Done: '{appid}，密钥已加密保存', s1Where: '微信开发者平台 → 我的业务 → 第三方平台 → 详情',
    s2: '把下面的值粘贴到微信后台', s2Where: '微信开发者平台 → 我的业务 → 第三方平台 → 开发配置', console: '打开微信后台',
    s3: '授权第一个小程序', s3Again: '授权小程序', s3Who: '需要小程序管理员用微信扫码',
    appid: '第三方平台 AppID', appidWhere: '以 wx 开头', secret: '第三方平台 AppSecret', secretHint: '加密保存，保存后不再显示', secretKept: '已保存，不改就留空',
    authDomain: '授权发起页域名', eventsUrl: '授权事件接收 URL', messagesUrl: '消息与事件接收 URL', token: '消息校验 Token', key: '消息加解密 Key', ip: 'IP 白名单',
    appidHint: '$APPID$ 原样粘贴，不要替换', ipHint: '填这台服务器的公网出口 IP', keyLength: '{n} 位，离开本页后不再显示', kept: '已保存，不再显示', notMade: '还没有生成',
    freshHint: '离开本页后 Token 和 Key 不再显示，请先复制到微信后台。', keptHint: 'Token 和 Key 不再显示。需要时可以重新生成，切换期间旧的仍然有效。',
    check: {
      settings: { ok: { text: 'AppID、密钥、Token 和 Key 都已保存' }, waiting: { text: '先填写第三方平台信息' } },
      ticket: {
        ok: { text: '收到了微信票据', hint: '之后每 10 分钟一次' }, waiting: { text: '还没有收到微信票据', hint: '保存微信后台的配置后，微信每 10 分钟推送一次' },
        failed: { text: '很久没有收到微信票据', hint: '请检查授权事件接收 URL 和服务器的防火墙' },
      },
      token: { ok: { text: '已换到平台令牌' }, waiting: { text: '收到票据后自动检查', hint: '微信后台的 IP 白名单要包含本服务器' }, failed: { text: '没有换到平台令牌' } },
      messages: { ok: { text: '收到了小程序的推送' }, waiting: { text: '授权小程序后自动检查', hint: '$APPID$ 原样粘贴，不要替换' } },
      programs: { ok: { text: '小程序授权正常' } },
      channels: { ok: { text: '通知渠道正常' }, failed: { text: '还没有设置通知渠道', hint: '有新投诉时没有人会收到通知' } },
    },
    proven: { token: '签名一致', key: '能解开微信的推送' }, notProven: '收到票据后自动检查',
    makeHint: '先生成 Token 和 Key，再和上面的地址一起粘贴到微信后台。', make: '生成 Token 和 Key', makeAgain: '重新生成', checkNow: '现在检查',
    keepTicked: '授权时请保持这三项勾选', set: { complaints: '小程序违规与交易投诉管理', service: '客服', guarantee: '小程序交易保障' },
    setFor: { complaints: '接收和回应投诉，同一时间只能给一个平台', service: '上传凭证图片', guarantee: '查看交易体验分和扣分记录' },
    goWechat: '去微信授权', waitsFor: '还差一步：{text}',
  },
  notices: { tab: { channels: '渠道', subscriptions: '谁收什么', log: '发送记录' } },
  channel: {
    none: '还没有通知渠道', noneText: '加一个邮箱或群机器人，投诉一到就能收到。', add: '再加一个',
    kind: { email: '邮件', offiaccount: '服务号模板消息', sms: '短信', wecom: '企业微信群机器人', dingtalk: '钉钉群机器人', feishu: '飞书群机器人', webhook: 'Webhook' },
    addHook: '添加{kind}', editHook: '修改{kind}', url: 'Webhook 地址', secret: '签名密钥',
    urlLike: {
      wecom: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…', dingtalk: 'https://oapi.dingtalk.com/robot/send?access_token=…',
      feishu: 'https://open.feishu.cn/open-apis/bot/v2/hook/…', webhook: 'https://…',
    },
    secretHint: { dingtalk: 'SEC 开头，添加机器人时在「安全设置」里勾选「加签」后复制', webhook: '由您自己定，接收方用它验证消息来自知诉', optional: '机器人开启了「签名校验」时填写' },
    hookState: { waiting: '暂时连不上', paused: '对方拒绝了设置', disabled: '已停用' }, addMail: '添加邮件渠道', editMail: '修改邮件渠道', mailName: '邮件通知',
    mailLine: '{user}，{host}:{port}', removeAsk: '删除后不再用它发通知', testTo: '测试收件人', test: '发送测试', testing: '正在发送',
    provider: '邮箱服务商', preset: { 163: '网易 163', qq: 'QQ 邮箱', exmail: '腾讯企业邮', 126: '网易 126', qiye163: '网易企业邮', aliyun: '阿里企业邮', gmail: 'Gmail', outlook: 'Outlook', custom: '其他' },
    how: {
      163: '163 要用授权码，不是网页登录密码：\n网页版 163 邮箱 → 设置 → POP3/SMTP/IMAP → 开启服务 → 新增授权密码。授权码只显示一次。',
      qq: 'QQ 邮箱要用授权码，不是 QQ 密码：\n网页版 QQ 邮箱 → 设置 → 账号 → POP3/IMAP/SMTP 服务 → 开启 → 生成授权码（16 位字母）。',
      exmail: '账号填完整的邮箱地址。在网页版企业邮箱的 设置 → 客户端设置 里开启服务并生成客户端专用密码。',
      126: '126 要用授权码，不是网页登录密码：\n网页版 126 邮箱 → 设置 → POP3/SMTP/IMAP → 开启服务 → 新增授权密码。授权码只显示一次。',
      qiye163: '账号填完整的邮箱地址。在网页版网易企业邮箱的 设置 → 客户端设置 里生成客户端授权码。',
      aliyun: '账号填完整的邮箱地址，密码填邮箱密码；开启了三方客户端安全密码的，填安全密码。',
      gmail: 'Gmail 要用应用专用密码：Google 账号 → 安全性 → 两步验证 → 应用专用密码。',
      outlook: '个人 Outlook 邮箱可能不再允许用密码登录，保存后请发送一次测试。',
      wecom: '企业微信群 → 右上角菜单 → 消息推送（群机器人）→ 添加，复制 Webhook 地址。每分钟最多 20 条。地址里的 key 就是密钥，保存后不再显示。',
      dingtalk: '钉钉群 → 群设置 → 机器人 → 添加自定义机器人，安全设置勾选「加签」，复制 Webhook 地址和密钥。每分钟最多 20 条。',
      feishu: '飞书群 → 设置 → 群机器人 → 添加自定义机器人，复制 Webhook 地址。开启了「签名校验」的，一起复制密钥。',
      webhook: '有通知时，知诉向这个地址 POST 一段 JSON，按 Standard Webhooks 签名（webhook-id、webhook-timestamp、webhook-signature）。返回 2xx 就算收到。',
      custom: '向邮箱服务商查询 SMTP 服务器、端口和加密方式。465 端口一般用 SSL/TLS，587 端口一般用 STARTTLS。',
    },
    state: { waiting: '暂时连不上', paused: '邮箱拒绝登录', disabled: '已停用' }, lastError: '{when} 没有发出：{text}', lastSuccess: '{when}成功发出',
    host: 'SMTP 服务器', port: '端口', security: '加密方式', sec: { tls: 'SSL/TLS', starttls: 'STARTTLS', none: '不加密（仅限本机）' },
    username: '邮箱账号', password: '密码', code: '授权码', fromName: '发件人名称', fromHint: '发件地址就是邮箱账号', name: '渠道名称', nameHint: '在设置谁收什么时用来区分',
    need: { host: '请填 SMTP 服务器', port: '端口应为 1 到 65535', username: '请填邮箱账号', password: '请填授权码或密码', url: '请填以 https:// 开头的地址', secret: '请填签名密钥' }, thenTest: '保存后请发送一次测试',
  },
  subscription: {
    none: '还没有人接收通知', noneText: '设置谁在什么时候收到哪些小程序的通知。', channelFirst: '请先添加一个通知渠道。', toChannels: '去添加渠道', add: '添加接收人',
    edit: '修改接收规则', programs: '小程序', programsHint: '不选就是全部，包括以后授权的', allPrograms: '全部小程序', events: '什么时候', receivers: '谁收',
    address: '收件邮箱', addReceiver: '再加一个', group: '发到群里',
  },
  notice: {
    all: '全部', noneText: '有投诉进来时，发给谁、什么时候、结果如何，都会记在这里。', at: '时间', event: '事件', channel: '渠道', to: '接收人', outcome: '结果',
    tries: '{n} 次尝试', case: '投诉单',
    outcomes: { sent: '已发出', retry: '稍后重试', permanent: '不再重试', config: '等待修改设置', unknown: '结果不明' }, next: '，{when} 再试',
  },
  settings: {
    retention: '保留期限', gaps: '漏单检查', members: '成员', platform: '第三方平台', templates: '话术', tokens: 'API 令牌', merchants: '商户号', deliveries: '推送记录', audit: '操作记录', notYours: '这里由所有者管理', ownerOnly: '需要调整成员或权限，请联系所有者。',
  },
  template: {
    text: '回应和举证时可以直接选用的文字。变量会按投诉单自动填好：{vars}', none: '还没有话术', add: '添加话术', edit: '修改话术', name: '名称', kinds: '用于', allKinds: '所有操作', decision: '回应方式',
    both: '都可以', body: '内容', types: '适用问题', allTypes: '所有问题', need: '请填写名称和内容', stops: '规则「{rules}」正在用这段内容，保存后会停用，需要重新回放',
  },
  member: {
    text: '谁可以登录、能做什么、管哪些小程序', add: '添加成员', edit: '修改成员', name: '称呼', email: '邮箱', role: '角色', scope: '小程序范围',
    lastSeen: '最近登录', you: '（您）', disabled: '已停用', allPrograms: '全部小程序', scopeHint: '不选就是全部，包括以后授权的', firstPassword: '初始密码',
    newPassword: '新密码', newPasswordHint: '不改就留空；改了以后要重新登录', disable: '停用', enable: '恢复',
  },
  roleHint: {
    owner: '所有操作，包括第三方平台、成员和密钥', manager: '除第三方平台、成员和密钥以外的所有操作', agent: '处理范围内的投诉', finance: '退款和商户号，可以看投诉',
    viewer: '只能看，个人信息不显示',
  },
  token: {
    ending: 'zs_…{hint}',
    text: '让脚本和其他系统代您调用接口，权限和您的账号一样', name: '用途', namePlaceholder: '例如：数据看板', create: '新建令牌', once: '令牌只显示这一次，请现在保存：',
    none: '还没有令牌', hint: '令牌', created: '创建于', used: '最近使用', revoke: '撤销', revokeSure: '确定撤销',
  },
  audit: { yes: '是', no: '否', text: '谁在什么时候做了什么', none: '还没有记录', at: '时间', who: '谁', what: '做了什么', program: '小程序', detail: '详情', did: '{verb}{object}', system: '系统', all: '全部' },
  verb: {
    forget: '删除', forget_now: '立即删除', check: '检查', approve: '批准', reject: '驳回', retry: '重试', cancel: '取消', reconcile: '对账', export: '导出', submit: '提交',
    open: '打开', use: '使用', resend: '重发', assign: '指派', late: '发现漏推',
    create: '新建', update: '修改', delete: '删除', remove: '删除', reveal: '查看', setup: '首次设置', login: '登录', logout: '退出', respond: '回应', sync: '同步', import: '补录',
    authorise: '授权', authorize: '授权', refresh: '重新读取', disable: '停用', enable: '恢复', revoke: '撤销', test: '测试', generate: '生成', replay: '重放', rotate: '更换', login_blocked: '登录被暂时锁定', totp_on: '开启两步验证', totp_off: '关闭两步验证',
  },
  object: {
    retention: '到期数据', merchant: '商户号', refund: '退款', refunds: '退款', setting: '设置',
    link: '一键链接', notice: '通知', contact: '成员联系方式', template: '话术', view: '保存的视图', settings: '设置',
    user: '成员', token: 'API 令牌', session: '会话', complaint: '投诉单', program: '小程序', platform: '第三方平台', channel: '通知渠道', subscription: '通知接收规则', binding: '接收人',
    action: '操作', delivery: '推送', keyset: '密钥',
  },
  auditField: {
    deliveries: '推送', snapshots: '快照', images: '图片', originals: '原图', personal: '个人信息', deliveries_days: '推送天数', snapshots_days: '快照天数', images_days: '图片天数', originals_days: '原图天数', personal_days: '个人信息天数',
    operation: '操作', receiver: '接收人', hours_left: '提醒（小时）', ladder: '升级步数', digest: '每日汇总',
    amount: '金额', reason: '原因', mchid: '商户号', approval_above: '复核金额', agent_limit: '客服额度', merchant_id: '商户号',
    ok: '成功', code: '返回码', complaint_order_id: '投诉单号', address: 'IP', events: '事件', receivers: '接收人', enabled: '启用', email: '邮箱', name: '名称', role: '角色', program_ids: '小程序范围', password: '密码', disabled: '停用', kind: '类型', decision: '回应方式', state: '状态', appid: 'AppID',
  },
}
