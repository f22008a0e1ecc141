import why from './refundWhy'

/** 退款：投诉单里和手机上共用的文字。 */
export default {
  ...why,
  join: '，',
  go: '退款', title: '退款给用户', total: '订单金额', refunded: '已退款', refunding: '退款中', remaining: '还可退', unknownTotal: '正在向微信支付查询订单',
  legend: { before: '已退、在退 {amount}', now: '本次 {amount}', left: '退后还可退 {amount}' },
  amount: '本次退款', all: '全部退完', again: '再输一次金额', againPlease: '请再输一次金额', differs: '两次输入的金额不一样', agrees: '金额一致',
  above: '这笔订单退款合计超过 {amount} 时，要由{names}复核', aboveAlways: '每笔退款都要由{names}复核', someone: '有退款权限的同事',
  reason: '退款原因', reasonHint: '用户会在微信支付的退款通知里看到', reasonHidden: '1 元以内的部分退款，用户看不到原因', reasonLike: '例如：商品破损，全额退款',
  bytes: '{n} / {max} 字节', tooLong: '超出 {n} 字节，请删短后再提交',
  way: '资金去向', from: '从商户号「{name}」退到用户原支付账户', arrives: '一般 1 到 3 个工作日到账，以微信支付通知为准', final: '提交后不能撤回', finalReview: '批准前可以取消',
  submit: '退款 {amount}', review: '提交复核', handing: '正在提交', more: '再退一笔', close: '关闭', back: '返回投诉单', earlier: '这笔订单的退款', none: '还没有退款',
  fault: {
    empty: '请输入退款金额', format: '金额最多两位小数，例如 300.00', zero: '金额要大于 0', over: '最多还能退 {amount}', limit: '这笔订单您最多还能退 {amount}，更多请交给有退款权限的同事', noLimit: '您没有退款额度，请交给有退款权限的同事',
  },
  elsewhere: '已在别处退款', elsewhereHint: '在商户平台 交易中心 → 退款查询 里查到的已退金额；没有退成的不算，全都没退成就填 0', elsewhereWrong: '金额最多两位小数，并且不超过订单金额', rowBack: '已退 {amount}',
  blockedTitle: '现在不能退款', checked: '微信支付订单查询时间：{when}', mend: '去处理', mendMerchant: '设置商户号', onlyFull: '已经全部退完',
  state: {
    waiting_approval: '等待复核', queued: '已提交', running: '正在提交', processing: '微信处理中', unknown: '正在核实', done: '已到账', parked: '已暂停', abnormal: '退款异常', failed: '退款失败',
    closed: '已关闭', rejected: '已驳回', cancelled: '已取消',
  },
  text: {
    waiting_approval: '批准之前不会退款。复核人可以在「退款」页面处理。', queued: '退款已保存，马上提交给微信支付。关掉页面也会继续。', running: '正在等微信支付答复。关掉页面也会继续。',
    processing: '微信支付已受理，钱还没有到账。到账后这里会更新。', unknown: '微信支付没有给出明确结果，正在用同一个退款单号核实；核实清楚之前不会再退一次。', done: '微信支付确认退款成功。',
    parked: '这笔退款没有成功，也没有作废。处理好原因后可以用同一个退款单号重试，不会多退。', abnormal: '用户的收款账户异常，钱没有退到。请在微信支付商户平台的 交易中心 里处理，不要另退一笔。',
    failed: '微信支付没有退款，钱没有动。', closed: '微信支付关闭了这笔退款，钱没有退出。需要时可以重新发起。', rejected: '复核人没有同意，钱没有动。', cancelled: '在提交给微信支付之前取消了，钱没有动。',
  },
  number: '商户退款单号', wechatNumber: '微信退款单号', by: '{name} 发起', rule: '自动规则发起', approvedBy: '{name} 批准', rejectedBy: '{name} 驳回', at: '{when}',
  next: '下一步', nextRefund: '同意和解不会自动退款。按承诺现在退款？', nextRefundGo: '退款', refundFirst: '先退款',
  follow: { respond: '已退款 {amount}，回应也写好了', refund_proof: '已退款 {amount}，处理凭证也写好了' }, followGo: { respond: '填入同意和解', refund_proof: '填入处理凭证' },
  inFlight: '{amount} {state}', fact: '退款记录', entry: '退款 {amount}，{state}', look: '立即核实', retry: '重试', retryAbnormal: '已处理，再核实', cancel: '取消退款', approve: '批准', reject: '驳回',
  approveAsk: '批准后马上退款 {amount}，不能撤回', approveSure: '批准退款 {amount}', rejectWhy: '驳回原因', rejectSure: '确定驳回', cancelAsk: '还没有提交给微信支付，可以取消', cancelSure: '确定取消', own: '自己发起的退款要由别人批准',
  list: { waitingN: '{n} 笔等您复核', empty: '没有符合条件的退款', waiting: '等待复核', all: '全部' },
}
