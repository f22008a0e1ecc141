export default {
  tab: '提醒与升级',
  hours: '到期前提醒', hoursHint: '通知订阅了「即将到期」的人。', hour: '剩 {n} 小时', addHour: '加一个时间', hourLabel: '剩余小时数',
  ladder: '没有人确认时，逐级通知', ladderHint: '有人点「我已看到」或开始处理，就不再往上通知。', line: '48 小时时限上的提醒与升级',
  afterMinutes: '{n} 分钟没有确认', hoursLeft: '剩 {n} 小时', after: '没有人确认（分钟）', left: '剩余时间（小时）', to: '通知', add: '加一级', remove: '去掉第 {n} 级', 
  who: { assignee: '负责人', manager: '主管', owner: '所有者' }, start: '收到投诉', end: '到期',
  quiet: '免打扰时段', quietHint: '能等的升级推迟到时段结束；快到期的照常通知。', from: '开始', until: '结束',
  digest: '每日汇总', digestHint: '每天一条消息，列出所有还没处理的投诉。', at: '发送时间', channel: '发送渠道', receiver: '接收人', member: '成员', saved: '已保存',
}
