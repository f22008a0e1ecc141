/** 小程序详情里的各部分，和列表里的变化。 */
export default {
  all: '小程序的详情', facts: '基本信息', rules: '自动回应', money: '退款', heard: '通知', standing: '交易表现',
  noRules: '没有规则用于这个小程序，收到投诉后由人处理。', noMoneyRules: '没有规则会给这个小程序的用户自动退款。', toRules: '管理规则', lastDays: '近 {n} 天', done: '已到账', open: '退款中', failed: '没有成功', times: '{n} 笔',
  toRefunds: '看退款记录', moneyRules: '自动退款', deaf: '这个小程序有新投诉时，没有人会收到通知', toHeard: '设置谁收什么', toStanding: '看全部扣分和变化', appealable: '可以申诉',
  move: { up: '+{n}', down: '−{n}', flat: '持平' },
}
