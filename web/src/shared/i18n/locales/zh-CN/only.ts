export default {
  more: '更多条件', tags: '小程序标签', anyTag: '不限标签', types: '问题类型', anyType: '不限类型', amount: '订单金额（元）', min: '最低', max: '最高', badAmount: '请填写金额，最低不能高于最高',
  amountHint: '金额未知的投诉总会通知', fallback: '备用渠道', noFallback: '不用备用渠道', fallbackHint: '发送失败，或两分钟没有确认时，按顺序改用。收件人是填写的地址时，在上面为备用渠道也加一行，它只在那时才用', allFallback: '至少一位接收人不在备用渠道上', group: '短时间内很多条时合并成一条', member: '接收人',
  address: '填写地址',
}
