/** Programs with their own AppSecret, at the desk. */
export default {
  brokenHow: '{reason}。打开这个小程序，点「修改接入信息」',
  title: '自有 AppSecret', add: '用 AppSecret 接入', edit: '修改接入信息', toDirect: '改为自有 AppSecret', toPlatform: '改为第三方平台',
  toPlatformHint: '先让管理员授权给第三方平台，再改过来。投诉单都会保留。', canMove: '也可以改用小程序自己的 AppSecret 接入，投诉单都会保留。',
  lead: '没有第三方平台也能用：知诉用小程序自己的 AppSecret 调用微信，微信把消息推到下面生成的地址。',
  name: '名称', secretHint: '加密保存，保存后不再显示。服务器的公网 IP 要加入小程序的 IP 白名单。', mode: '消息加密方式', format: '数据格式', auto: '自动识别', either: 'XML 或 JSON 都可以',
  modes: { safe: '安全模式（推荐）', compat: '兼容模式', plain: '明文模式' },
  weak: { compat: '只相信密文那一半，明文不会被采用。建议改用安全模式。', plain: '明文推送的内容没有签名保护，只建议在测试时使用。' },
  make: '生成 Token 和 Key', makeHint: '改了以后，旧的在切换期间仍然有效', agree: '「{name}」已授权给第三方平台，改为自有 AppSecret', need: 'AppID、AppSecret、Token 都要填',
  paste: '打开微信公众平台的开发设置，在消息推送里填下面的值。离开后 Token 和 Key 不再显示。', previous: '旧的 Token 和 Key 仍然有效',
  check: {
    token: { ok: 'AppSecret 有效', waiting: '正在检查 AppSecret', failed: 'AppSecret 无效' },
    url: { ok: '微信验证过这个地址（{ago}）', waiting: '等微信验证地址：在微信公众平台点提交后出现', failed: '地址验证失败' },
    push: { ok: '收到推送（{ago}）', waiting: '还没有收到第一条推送', failed: '推送被拒绝' },
  },
}
