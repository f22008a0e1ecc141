import ack from './ack'
import inboxBoth from './inboxBoth'
import refund from './refund'

export default {
  ...inboxBoth,
  ack,
  refund,
  app: { name: '知诉', version: '知诉 {version}' },
  language: { 'title': '语言', 'zh-CN': '简体中文', 'en': 'English' },
  nav: { main: '主导航', you: '我的账号：{name}' },
  page: {
    login: '登录', setup: '首次设置', workbench: '工作台', complaints: '投诉', case: '投诉详情', respond: '回应投诉', programs: '小程序', notices: '通知', refunds: '退款',
    settings: '设置', more: '我的', notFound: '找不到这个页面',
  },
  waits: { title: '时间花在谁那里', merchant: '商家', user: '用户', both: '双方', platform: '平台', was: '{who} {time}', still: '等{who} {time}', due: '{when} 截止', over: '超时' },
  wait: { loading: '正在加载' },
  act: {
    cancel: '取消', close: '关闭', ok: '确定', done: '完成', save: '保存', change: '修改', remove: '删除', removeSure: '确定删除', choose: '请选择', more: '更多',
    copy: '复制', copied: '已复制', copyFailed: '请手动复制', copyThis: '复制 {text}', details: '详情', loadMore: '加载更多', tryAgain: '重试', gotIt: '知道了',
    signOut: '退出登录', home: '回到工作台', fix: '去处理', look: '查看', respond: '回应', supplement: '补充凭证', refund_proof: '上传凭证', appeal: '申诉',
  },
  list: { join: '、' },
  time: {
    unknown: '–', never: '从未', justNow: '刚刚', secondsAgo: '{n} 秒前', minutesAgo: '{n} 分钟前', hoursAgo: '{n} 小时前', today: '今天 {time}',
    yesterday: '昨天 {time}', tomorrow: '明天 {time}', date: '{month}月{day}日 {time}', dateYear: '{year}年{month}月{day}日 {time}',
    daysHours: '{d} 天 {h} 小时', hoursMinutes: '{h} 小时 {m} 分', minutes: '{m} 分钟', hours: '{h} 小时', days: '{d} 天', underMinute: '不到 1 分钟',
  },
  countdown: { left: '剩 {length}', over: '已超时 {length}', none: '无期限' },
  view: {
    mine: '待我处理', due_soon: '即将到期', to_supplement: '待补凭证', to_prove: '待上传处理凭证', to_appeal: '可申诉', platform: '平台处理中',
    waiting_user: '待用户确认', closed: '已完结', unknown: '待核对', all: '全部',
  },
  emptyView: {
    mine: '现在没有要处理的投诉', due_soon: '12 小时内没有要到期的投诉', to_supplement: '没有要补充凭证的投诉', to_prove: '没有要上传处理凭证的投诉',
    to_appeal: '没有可以申诉的投诉', platform: '没有平台正在处理的投诉', waiting_user: '没有等用户确认的投诉', closed: '还没有完结的投诉',
    unknown: '没有状态不明的投诉', all: '还没有收到投诉',
  },
  stage: {
    to_respond: '待回应', to_supplement: '待补凭证', to_prove: '待上传处理凭证', to_appeal: '可申诉', waiting_user: '待用户确认', returning: '待用户退货', platform: '平台处理中',
    closed: '已完结', unknown: '待核对',
  },
  step: {
    to_respond: {
      due: '{when} 前回应用户。逾期未回应，平台会介入并判定商家责任。', open: '请尽快回应用户。',
      over: '{when} 的回应期限已过，平台可能已经介入。请同步后再看。',
    },
    to_supplement: {
      due: '{when} 前补充凭证。逾期未补充，平台按现有凭证判定。', open: '平台要求补充凭证，请尽快处理。', over: '{when} 的补充期限已过，平台会按现有凭证判定。',
    },
    to_prove: {
      due: '{when} 前上传处理凭证。逾期未上传，平台会继续处理，可能先行赔付。', open: '平台已判定为商责，请尽快上传处理凭证。',
      over: '{when} 的上传期限已过，平台可能先行赔付。',
    },
    to_appeal: { due: '不认可判责结果的，{when} 前可以申诉。', open: '不认可判责结果的，现在可以申诉。', over: '{when} 的申诉期限已过。' },
    may: { refund_proof: '等用户退货。收到后请上传处理凭证。', appeal: '现在不需要操作。不认可判责结果的，可以申诉。' },
    waiting_user: '等用户确认，现在不需要操作。',
    platform: '平台客服处理中，现在不需要操作。有进展会通知您。',
    closed: '投诉已完结，不需要操作。',
    unknown: '微信返回了未公开的状态，请到小程序后台核对。',
  },
  closed: {
    noRight: '您的角色不能回应投诉。需要时请联系负责人调整权限。',
    waiting_user: '现在不能回应：已过商家回应环节，正在等用户确认。用户申请平台介入后，平台可能要求补充凭证，到时会通知您。',
    platform: '现在不能回应：平台客服正在处理。平台要求补充凭证时会通知您。',
    to_respond: '现在不能回应。请同步后再试。',
    to_supplement: '现在不能补充凭证。请同步后再试。',
    to_prove: '现在不能上传处理凭证。请同步后再试。',
    to_appeal: '现在不能申诉。请同步后再试。',
    closed: '投诉已完结，不需要回应。',
    unknown: '微信返回了未公开的状态，知诉不会替您猜测。请在微信小程序后台核对：功能 → 交易保障 → 交易投诉。',
  },
  type: {
    611: '发货-未按约定时间发货', 612: '发货-商家拒绝发货', 613: '发货-少发/错发', 614: '发货-物流长时间不更新', 621: '客服-不回复', 622: '客服-辱骂/骚扰/恐吓',
    631: '承诺未履行-赠品', 632: '承诺未履行-物流', 633: '承诺未履行-其他', 641: '商品-描述不符', 642: '商品-破损', 643: '商品-其他', 650: '车辆没电或故障',
    651: '关锁成功仍计费', 652: '扣费金额不对', 653: '规范停车仍扣调度费', 654: '收费异常-其他', 655: '已购骑行卡仍扣费', 656: '骑行卡退款', 657: '押金退还',
    658: '余额退还', 659: '客服不回复', 660: '充电宝未弹出已扣费', 661: '充电宝无法正常使用', 662: '已归还仍计费', 663: '不认可计费时长', 664: '收费异常-其他',
    665: '押金退还异常', 666: '其他-客服不回复', 667: '其他-归还点少无法归还', 668: '其他-误操作购买', 670: '欺诈-虚假广告', 671: '欺诈-剧集数量与承诺不符',
    672: '欺诈-付款金额与页面不符', 673: '欺诈-剧集内容与宣传不符', 674: '欺诈-营销活动', 675: '扣费-重复扣费', 676: '扣费-无理由扣费', 677: '扣费-标准不一致',
    678: '扣费-未成年误付款', 679: '其他问题', 610001: '可观看数量/时长与承诺不符', 610002: '剧集内容与宣传不符', 610003: '内容无法播放', 610004: '未成年人误付款', 610005: '其他',
  },
  source: { all: '全部', wechat: '微信', staff: '员工', auto: '自动', rule: '规则', system: '系统' },
  inbox: { search: '单号、商品、内容、手机', size: '{n} 单', hasDraft: '有草稿' },
  empty: { noMatch: '没有符合条件的结果', noText: '用户没有填写文字', noData: '没有可选项' },
  case: {
    missing: '找不到这张投诉单', missingText: '它可能不在您的小程序范围内，或链接不完整。', back: '返回列表', number: '投诉单 {id}', sync: '同步',
    timeline: '进度', noTimeline: '还没有进度', picture: '查看图片 {n}', actorSays: '{actor}：{text}', actorNotes: '{actor}的备注：{text}',
    dueSet: '截止时间定为 {to}', dueMoved: '微信把截止时间改为 {to}（原为 {from}）', dueGone: '微信取消了截止时间（原为 {from}）',
  },
  fact: { product: '商品', buyer: '用户', reveal: '显示', paidAt: '支付时间', outTradeNo: '商户单号', refunded: '已退款' },
  respond: {
    agree: '同意和解', refuse: '拒绝和解', decision: '回应方式', length: '{n} 字',
    text: { respond: '给用户的回应', supplement: '凭证说明', refund_proof: '处理说明', appeal: '申诉理由' },
    hint: {
      agree: '说明怎么处理、什么时候完成，用户会看到这段话', refuse: '说明原因和依据，用户和平台客服都会看到这段话',
      supplement: '说明每张凭证能证明什么，平台客服会看到这段话', refund_proof: '说明退款金额、时间和退款单号，平台客服会据此核实',
      appeal: '说明哪里判定有误、依据是什么，平台客服会据此复核',
    },
    send: { agree: '同意和解并发送', refuse: '拒绝和解并发送', supplement: '提交凭证', refund_proof: '提交处理凭证', appeal: '提交申诉' },
  },
  kind: { choose: '要做的事', respond: '回应用户', supplement: '补充凭证', refund_proof: '上传处理凭证', appeal: '申诉' },
  returned: { ask: '收到退货了吗？', yes: '已收到', no: '没有收到' },
  editing: { other: '{name} 正在处理这张投诉单', takeOver: '由我处理' },
  note: { placeholder: '写备注，只有同事能看到；输入 {\'@\'} 提醒某人', label: '内部备注', save: '保存备注', name: '同事' },
  advice: { open: '话术与建议', none: '还没有适用的话术', unfilled: '待补充：{list}', checklist: '这类投诉常用的凭证' },
  pictures: {
    progress: '{n}%',
    list: '图片', add: '添加图片', addShort: '图片', camera: '拍照', sending: '正在上传 {name}', failed: '{name} 没有上传：{why}', full: '最多 {n} 张图片', turn: '旋转第 {n} 张图片',
    turnShort: '旋转', hide: '遮挡第 {n} 张图片的隐私', hideShort: '遮挡隐私', remove: '移除第 {n} 张图片', removeShort: '移除', editTitle: '遮挡隐私',
    editHint: '在图片上拖动，框住姓名、电话、地址等不该露出的内容。遮住的部分不能恢复。', undo: '撤销一步', apply: '遮挡 {n} 处',
  },
  draft: { saved: '草稿已保存', refused: '浏览器不允许保存草稿，请不要关闭页面', empty: '' },
  preview: {
    title: { respond: '用户将看到', supplement: '平台客服将看到', refund_proof: '平台客服将看到', appeal: '平台客服将看到' }, final: '发送后不能修改，也不能撤回', empty: '写好的内容会显示在这里',
  },
  confirm: {
    title: '发送前再看一遍', back: '返回修改', yes: '确认发送', head: {
      agree: '同意和解，发送给用户？', refuse: '拒绝和解，发送给用户？', supplement: '提交凭证给平台？', refund_proof: '提交处理凭证给平台？', appeal: '提交申诉给平台？',
    },
  },
  answer: {
    sending: '正在发送', checking: '正在核实', failed: '没发出去', writeAgain: '修改后重发',
    movedOnTitle: '这次没有发送', movedOn: '该投诉单已进入下一环节，刚刚已为您刷新',
    title: { handing_over: '正在发送', queued: '等待发送', running: '正在发送给微信', unknown: '正在向微信核实', done: '微信已收到', failed: '没有发送成功', writing: '', confirming: '' },
    text: {
      handing_over: '请稍候', queued: '内容已保存，马上发给微信。关掉页面也会继续。', running: '正在等微信确认。关掉页面也会继续。',
      unknown: '微信没有给出明确结果，正在读回投诉单核实，核实清楚之前不会重复发送。', done: '可以在进度里看到这次提交。', failed: '微信没有接受这次提交，文字和图片还保留着。',
      writing: '', confirming: '',
    },
  },
  event: {
    complaint_new: '新投诉', complaint_progress: '投诉有进展', complaint_evidence_wanted: '平台要求补充凭证', complaint_ruled_against: '平台判定商责',
    complaint_withdrawn: '用户撤销投诉', complaint_closed: '投诉完结', appeal_result: '申诉结果', deadline_near: '即将到期', refund_done: '退款成功',
    refund_failed: '退款失败', rule_acted: '规则已执行', rule_stopped: '规则已停止', permission_lost: '小程序权限丢失', merchant_expiring: '商户证书快到期', push_silent: '长时间没有推送',
    note_mention: '备注里提到', score_dropped: '体验分下降', channel_failing: '通知渠道异常', digest_daily: '每日汇总', notices_list: '多条合并', test: '测试消息',
  },
  notice: {
    none: '还没有发出过通知',
    state: { queued: '等待发送', sent: '已发出', delivered: '已送达', failed: '没送到', dropped: '已取消' },
  },
  programs: {
    noName: '名称未读到', noPush: '还没有推送', fixMissing: '缺少「{name}」权限：{text}。', fixSecret: 'AppSecret 不能用：收到推送也读不到投诉，不能回应。', fixRevoked: '管理员已取消授权：收不到新投诉，也不能回应。',
    authorised: '「{name}」授权成功', linkCopied: '链接已复制', states: { active: '正常', disabled: '已停用', revoked: '已取消授权' },
  },
  role: { owner: '所有者', manager: '主管', agent: '客服', finance: '财务', viewer: '只读' },
  member: { passwordHint: '至少 {n} 个字符' },
  login: {
    title: '登录知诉', text: '投诉来了，几秒内知道，48 小时内办完。', email: '邮箱', password: '密码', otp: '动态验证码', go: '登录', busy: '正在登录',
    fresh: '知诉还没有设置所有者。请打开启动时终端里显示的首次设置链接。',
  },
  setup: {
    title: '首次设置', text: '创建所有者账号，可以做所有操作和添加成员。', name: '您的称呼', again: '再输一次密码', differs: '两次输入的密码不一样',
    go: '创建并开始', done: '知诉已经设置好了。', noToken: '请打开启动时终端里显示的首次设置链接，链接里带有一次性口令。\n链接失效时，重新启动知诉会显示新的链接。',
  },
  problem: {
    network: '连不上服务器。请检查网络，输入的内容都还在。', internal: '服务器出错了，请稍后再试。', unauthenticated: '登录已失效，请重新登录。',
    forbidden: '您的角色没有这项权限。', not_found: '找不到要看的内容，或不在您的小程序范围内。', conflict: '刚才有人做了同样的操作，请刷新后再看。',
    not_legal_now: '该投诉单已进入下一环节，现在不能做这项操作。', rate_limited: '操作太频繁，请 {n} 秒后再试。', validation: '有内容填写得不对，请检查后再提交。',
    idempotency_mismatch: '内容已经改过，请重新提交。', upstream: '微信暂时没有响应，请稍后再试。', moved_on: '该投诉单已进入下一环节，刚刚已为您刷新',
    evidence_type: '只能上传 JPEG、PNG、GIF 或 WebP 图片。', evidence_too_large: '图片不能超过 20 MB。', evidence_pixels: '图片的像素太多，请缩小后再上传。',
    evidence_broken: '图片打不开，请重新选择。',
    bad_login: '邮箱或密码不对。', bad_otp: '动态验证码不对或已经用过。',
  },
}
