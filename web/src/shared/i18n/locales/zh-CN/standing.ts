/** 交易违规页面。 */
export default {
  of: '满分 {n}', scoreIs: '交易体验分 {n}', recent: '近 30 天', appealing: '申诉中', badge: '交易保障标', deducted: '扣 {points} 分，{n} 次', nothing: '没有扣分', appeals: '{n} 次，成功可恢复 {points} 分', noAppeal: '没有',
  badgeOn: '已点亮', badgeOff: '未点亮', badgeUnknown: '还不知道', lastDays: '近 {n} 天', noHistory: '读到交易体验分后，这里画出它的变化', changed: '{when}，{was} 分变为 {score} 分',
  since: '从{when}开始记录', penalties: '扣分记录', once: '每次扣分只能申诉一次，一般在通知后 7 天内', none: '没有扣分记录', column: { at: '时间', why: '原因', minus: '扣分', case: '关联投诉', done: '当时怎么处理的', appealed: '申诉' },
  comma: '，', minus: '−{n}', found: '没收到过推送，已按扣分记录补录', said: '“{text}”', notHere: '微信没有返回这张投诉单', noCase: '没有关联投诉', andRefunded: '，退款 {amount}',
  handled: { agree: '同意和解', refuse: '拒绝和解', elsewhere: '在微信后台回应', lapsed: '超时没有回应', open: '还没有回应', none: '没有记录' },
  appeal: { running: '申诉中', rejected: '申诉驳回', won: '申诉成功' }, usually: '7 天是通常的期限，以微信后台显示的为准', late: '{when} 已过期', goAppeal: '去微信后台申诉',
  readAt: '{when}从微信更新', notRead: '还没有从微信读到', read: '更新', noProgram: '还没有小程序', noProgramText: '授权小程序后，这里显示它的交易体验分和扣分记录',
  violations: '平台违规', forReference: '来自微信违规记录，近 90 天，仅供参考', noViolations: '近 90 天没有违规记录', violationsUnread: '还没有读到违规记录', rule: '查看规则',
  kind: { record: '违规记录', warning: '警告', ban: '功能限制', punish: '处罚', appeal: '申诉', appeal_running: '申诉处理中', appeal_won: '申诉通过', appeal_lost: '申诉不通过', appeal_withdrawn: '申诉已撤销' }, penalty: { 2: '已扣分', 4: '申诉中', 5: '申诉驳回', 6: '申诉成功' }, guide: '怎么整改',
}
