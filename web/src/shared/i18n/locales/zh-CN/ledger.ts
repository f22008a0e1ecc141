/** 退款页面。 */
export default {
  tab: { list: '退款记录', totals: '汇总', reconcile: '对账' }, search: '投诉、退款或支付单号', state: '状态', anyState: '全部状态', program: '小程序', anyProgram: '全部小程序', merchant: '商户号', anyMerchant: '全部商户号',
  noneText: '在投诉单里点「退款」，每一笔都会记在这里', at: '时间', amount: '金额', reason: '原因', who: '发起人', case: '投诉单', one: '退款', csv: '导出 CSV', xlsx: '导出 XLSX', attempts: '和微信支付的每次通信',
  kinds: { submit: '提交退款', query: '查询退款', notify: '收到通知', order: '查询订单' }, outcomes: { done: '成功', ok: '成功', unknown: '结果不明', wrong: '被拒绝', retry: '稍后重试', pending: '没有等到结果', running: '进行中', processing: '处理中', not_found: '没有这笔退款' },
  by: '按什么汇总', bys: { program: '小程序', merchant: '商户号', day: '日期' }, count: '笔数', sum: '已到账', open: '在途', average: '平均', none: '这段时间没有退款', all: '合计', noName: '未知',
  reconcileText: '逐笔向微信支付核对还没有结果的退款，和知诉的记录比较', reconcileNow: '现在对账', reconciling: '正在对账', reconciledAt: '{when}对账，核对了 {n} 笔', reconcileNever: '还没有对过账', reconcileGood: '全部一致', reconcileBad: '{n} 笔不一致',
  ours: '知诉记录', theirs: '微信支付', what: '差异', unreadable: '{n} 笔没能向微信支付核对', noDifference: '没有差异', queued: '已开始，结果会出现在这里',
}
