export default {
  tabs: { log: '发送记录', channels: '渠道' }, none: '还没有通知渠道', noneText: '加一个邮箱或群机器人，投诉一到就能收到。', add: '添加渠道', desk: '添加或修改渠道',
  kind: { email: '邮件', offiaccount: '服务号模板消息', sms: '短信', wecom: '企业微信群机器人', dingtalk: '钉钉群机器人', feishu: '飞书群机器人', webhook: 'Webhook' },
  state: { ok: '正常', waiting: '暂时连不上', paused: '设置被拒绝', disabled: '已停用' }, sent: '{when}发送成功', failed: '{when}失败', never: '还没有发送过', test: '发送测试', testing: '正在发送', to: { email: '收件邮箱', sms: '手机号', offiaccount: '接收人' },
}
