/** 报表页面。 */
export default {
  about: '按投诉时间统计', period: '时间', lastDays: '近 {n} 天', numbers: '汇总', bys: { program: '小程序', type: '问题类型', member: '回应人' },
  filed: '新增投诉', share: '按时回应率', median: '回应用时', slow: '九成用时', agreed: '同意和解', refused: '拒绝和解', lapsed: '超时未回应', ruled: '判商家责任', refunded: '已退款',
  means: {
    filed: '这段时间用户发起的投诉', share: '按时回应的，占按时回应和超时未回应之和', median: '从用户发起到商家回应，一半的投诉不超过这个时间', slow: '从用户发起到商家回应，九成的投诉不超过这个时间',
    agreed: '在知诉里同意和解的', refused: '在知诉里拒绝和解的', lapsed: '微信记录为商家超时未回应的', ruled: '平台判定商家责任的', refunded: '经知诉退款，已到账的金额',
  },
  closedOf: '其中 {n} 单已完结', lapsedOf: '{n} 单超时未回应', slowIs: '九成用时：{time}', withdrawnOf: '用户撤销 {n} 单', refundedOf: '{n} 单',
  byDay: '每天新增', byWeek: '每周新增', ofTheseAnswered: '其中已回应', barIs: '{when}：新增 {filed} 单，已回应 {answered} 单', nobody: '没有在知诉回应',
  none: '这段时间没有投诉', noneText: '换一段时间，或选择全部小程序', note: '在微信后台回应的也算已回应，只是不知道是谁、同意还是拒绝。退款只算经知诉退的。',
}
