export default {
  act: '重发', done: '已重发', because: '：{text}',
  reason: { subscription: '订阅', escalation: '逐级通知', digest: '每日汇总', fallback: '备用渠道', resend: '重发', warning: '渠道异常提醒', mention: '备注提醒' },
}
