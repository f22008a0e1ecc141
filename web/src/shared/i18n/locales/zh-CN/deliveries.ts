/** 推送记录：微信推送的原文。 */
export default {
  text: '微信推送给知诉的原始消息，解密后原样保存。查看正文会留下记录', none: '没有符合条件的推送', noneText: '授权小程序后，微信的推送会记在这里', all: '全部',
  at: '收到时间', event: '事件', program: '小程序', state: '状态', repeats: '微信重发了 {n} 次', anyProgram: '全部小程序', of: '{event}，{when}',
  states: { stored: '等待处理', done: '已处理', ignored: '已保存，不处理', failed: '处理失败' },
  events: {
    complaint_callback: '投诉推送', complaint_callbackfrom_callback: '投诉推送', authorized: '授权成功', updateauthorized: '授权更新', unauthorized: '取消授权', component_verify_ticket: '平台票据',
  },
  sources: { platform_events: '授权事件接收 URL', platform_messages: '消息与事件接收 URL', direct: '自有服务器' },
  source: '接收地址', processed: '处理时间', why: '原因', body: '正文', noBody: '授权事件里有授权码，正文不显示', case: '看这张投诉单', forms: { xml: 'XML', json: 'JSON', text: '文本' },
  replay: '重放', replayHint: '按这条推送再处理一遍：重新向微信读取投诉单，不会发送任何内容', replayAsk: '确定再处理一遍？', replayed: '已重新排队，几秒后在列表里看结果', notThis: '授权事件只能用一次，不能重放',
}
