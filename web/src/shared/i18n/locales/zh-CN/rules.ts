/** 自动化页面。 */
export default {
  say: {
    when: '当', names: '{list}', some: '{list} 等 {n} 个', anyProgram: '任何小程序', gets: '收到', noType: '（未选问题类型）', complaint: '投诉，金额', upTo: '不超过 {amount}', and: '，', first: '用户 {n} 天内第一次投诉',
    between: '{from} 至 {to}', from: '{from} 起', until: '到 {to} 为止', after: '，等', minutes: '{n} 分钟', nobody: '仍无人处理', then: '，就', agree: '同意和解', refuse: '拒绝和解', withTemplate: '，用话术', withText: '，用', template: '{name}',
    ownText: '下面的文字', also: '，并', full: '全额退款', fixed: '退款 {amount}', end: '。',
  },
  day: '{month}月{day}日', goneProgram: '已移除的小程序', goneTemplate: '已删除的话术',
  running: '正在运行', stopped: '已停止', stoppedBy: '{name} 于{when} 停止，所有投诉由人处理', today: '{rules} 条规则，今天自动处理 {n} 单，退款 {amount}', todayFailed: '，{n} 单没有处理成功', noneOn: '没有启用的规则，所有投诉由人处理', resume: '恢复运行', stopAll: '全部停止', stopNow: '停止', stopSure: '未发出的操作会全部转人工',
  stopHint: '停止后，未发出的操作全部转人工', mode: { active: '已启用', draft: '未启用', paused: '已停用', over: '已结束' }, usedCases: '今天 {n} / {most} 单', list: '规则', order: '按顺序匹配，先中先用',
  limit: { perCase: '每单最多退', casesPerDay: '每天最多', perDay: '每天最多退', over: '到上限后' }, noMoney: '不退款', cases: '{n} 单', toPeople: '转人工并提醒', replay90: '回放最近 90 天', onlyCounts: '只计算，不会发送任何内容', replay: '回放', replayAgain: '重新回放',
  replayedAt: '{when} 回放过这个版本', replayedBefore: '{when} 回放过，之后有修改', replayFirst: '先回放这个版本，看清会命中什么，再启用', onlyNew: '启用后只对新投诉生效', readOnly: '您只能查看这条规则', pause: '停用', enable: '启用规则',
  hits: '会命中', money: '会退款', perWeek: '每周命中的单数', weekIs: '{when} 这周：命中 {n} 单，{differing} 单与人工不同', differing: '{of} 单有人工决定，其中 {n} 单不同', inInk: '图中深色部分', overLimit: '另有 {n} 单会因为达到上限转人工',
  add: '新规则', edit: '修改规则', name: '名称', programs: '小程序', programsHint: '不选就是全部', types: '问题类型', amountMax: '投诉金额不超过', wait: '等多少分钟仍无人处理', waitHint: '0 到 1440；有人看过、写过备注或回应过就不再自动处理', first: '用户多少天内第一次投诉', firstHint: '不填就不限；1 到 365',
  valid: '有效期', template: '话术', ownText: '自己写', text: '回应内容', refund: '退款', refunds: { none: '不退款', full: '全额退款', fixed: '退固定金额' }, refundAmount: '退款金额', refundHint: '先退款，到账后才回应用户；退款没有成功就转人工',
  wrong: { name: '请填写名称', types: '至少选一种问题', money: '请填写大于 0 的金额', to: '结束要在开始之后', content: '请填写回应内容，或选一条话术', cases: '请填写大于 0 的单数' },
  editStops: '保存后规则变为未启用，需要重新回放', draftHint: '保存后先回放，再启用', saveDraft: '存为草稿', none: '还没有规则', noneText: '常见又金额不大的投诉，可以让规则先回应。先写一条只回应、不退款的规则，回放看看，再启用；随时可以全部停止。', startFrom: '从示例开始：{name}',
  example: { late: '延迟发货', lateText: '非常抱歉让您久等了。您的订单我们会在 24 小时内发出，请留意物流信息。', bank: '充电宝已还仍计费', bankText: '非常抱歉，经核实您已归还充电宝，多收的费用已全额退还，请查收。' },
  earlier: '提前一位', later: '推后一位', unsaved: '修改还没有保存', discard: '不保存', gone: '没有这条规则，可能已经删除', seeAll: '看全部 {n} 单', uncompared: '另有 {n} 单没有人在知诉里回应，没有比较', truncated: '投诉太多，只回放了 {when} 以后的',
  takeOver: '改为人工处理',
}
