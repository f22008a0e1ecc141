export default {
  log: {
    anyChannel: '所有渠道', anyEvent: '所有事件', noMatch: '没有符合条件的通知', noMatchText: '换个条件，或选「全部」。', id: '编号 {id}',
    receipt: { arrived: '已送达', refused: '对方不再接收', lost: '服务商丢失，换号重发', throttled: '被限频，稍后重发', undelivered: '没有送达' },
  },
  sub: {
    name: '名称', only: '只限', how: '方式', and: '；', member: '成员', system: '自己的系统', tags: '标签 {tags}', from: '金额 {min} 起', to: '金额不超过 {max}', between: '金额 {min} 到 {max}',
    fallback: '没送到时改用 {channels}', quiet: '{from} 到 {until} 免打扰', single: '不合并，逐条发送',
  },
  links: {
    title: '一键链接', active: '{n} 个可用', rights: { see: '只能查看', act: '可以回应' }, used: '打开过 {n} 次，最近 {when}', unused: '还没打开过', until: '{when} 前有效',
    state: { active: '可用', expired: '已过期', revoked: '已停用' }, by: '（{name}）', revoke: '停用', sure: '确定停用', hint: '通知里的链接不用登录就能打开这张投诉单。停用后立刻失效，也不会再给这位接收人发新的。',
  },
  ladder: {
    off: '升级已关闭：没有人确认时，不会再通知别人。', suggest: '用建议的三步',
  },
}
