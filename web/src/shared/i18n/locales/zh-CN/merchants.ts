/** 设置 → 商户号。 */
export default {
  text: '退款用的微信支付商户号。一个商户号可以给多个小程序用', none: '还没有商户号', noneText: '添加商户号并关联小程序以后，可以在投诉单里直接退款', add: '添加商户号', edit: '修改商户号', addFirst: '添加第一个商户号',
  mode: '接入方式', modes: { direct: '普通商户', partner: '服务商' }, name: '名称', nameHint: '自己看得懂就行，退款时会显示',
  mchid: '商户号', subMchid: '特约商户号（sub_mchid）', spMchid: '服务商商户号（sp_mchid）', where: { mchid: '商户平台 → 账户中心 → 商户信息', key: '商户平台 → 账户中心 → API 安全 → APIv3 密钥', cert: '商户平台 → 账户中心 → API 安全 → 商户 API 证书', publicKey: '商户平台 → 账户中心 → API 安全 → 微信支付公钥' },
  console: '打开商户平台', apiV3Key: 'APIv3 密钥', apiV3KeyHint: '32 位字母和数字，设置后微信不再显示。不是 APIv2 密钥',
  cert: '商户 API 证书', certHint: '把 apiclient_key.pem 和 apiclient_cert.pem 一起选上，或只选 apiclient_cert.p12；也可以把 PEM 内容粘贴到框里', pick: '选择文件', paste: '粘贴 PEM 内容，私钥和证书可以放在一起', p12: '已选 {name}', p12Password: '.p12 的密码', p12Hint: '默认是商户号', drop: '不用这个文件',
  inspect: { busy: '正在检查', serial: '证书序列号 {serial}', expires: '有效期至 {when}', mchid: '证书里的商户号 {mchid}', match: '私钥和证书是一对', mismatch: '私钥和证书不是一对', expired: '证书已过期' },
  verify: '验证微信支付签名用', verifies: { public_key: '微信支付公钥', platform_cert: '平台证书' }, verifyHint: { public_key: '2024 年秋天以后的新商户号默认用公钥，推荐', platform_cert: '老商户号。证书由知诉自动下载和更新，不用填' },
  publicKeyId: '公钥 ID', publicKeyIdHint: '以 PUB_KEY_ID_ 开头', publicKey: '公钥文件 pub_key.pem', programs: '哪些小程序用它退款', programsHint: '一个小程序只能用一个商户号', programsNone: '还没有选', takenFrom: '{name}（现在用「{merchant}」）', unnamed: '未命名',
  need: {
    name: '请填写名称', mchid: '请填写商户号，只有数字', sp_mchid: '请填写服务商商户号', api_v3_key: 'APIv3 密钥应为 32 位字母和数字', key_missing: '还缺商户私钥 apiclient_key.pem', cert_missing: '还缺商户证书 apiclient_cert.pem',
    swapped: '这是公钥，不是商户私钥', encrypted: '私钥带了密码，请用没有加密的 apiclient_key.pem', public_key_id: '请填写以 PUB_KEY_ID_ 开头的公钥 ID', public_key: '请提供公钥文件 pub_key.pem',
  },
  kept: '已加密保存，不改就留空', thenCheck: '保存后会自动检查一次', unreadable: '文件读不出来，请重新选择',
  check: '检查', checking: '正在检查', checkOk: '可以退款', checkedAt: '{when}检查', problems: '{n} 个问题', notChecked: '还没有检查', unconfirmed: '待确认',
  line: { direct: '商户号 {mchid}', partner: '服务商 {sp}，特约商户 {mchid}' }, serial: '证书 {serial}', expiresIn: '证书 {when} 到期', expiresSoon: '证书 {when} 到期，请到商户平台更换', expired: '证书已过期，不能退款',
  uses: '用于 {names}', usesNone: '还没有小程序用它', paused: '已暂停：{reason}', pausedUntil: '{when} 再试', notifyUrl: '退款通知地址', notifyHint: '知诉每次退款都会带上它，通常不用在商户平台设置', removeAsk: '删除后这些小程序不能退款，历史退款都还在',
  linked: '已关联', noRefunds: '没有，不能退款', settings: '退款规则', above: '复核', aboveHint: '同一笔订单的退款合计超过这个金额时，要由另一个有退款权限的人批准', aboves: { never: '不需要复核', always: '每一笔都要复核', above: '超过以下金额时复核' }, agentLimit: '客服的额度', agentHint: '同一笔订单客服最多能退的合计金额；不填或填 0 就是客服不能退款', saved: '已保存', yuan: '元', wrongAmount: '金额最多两位小数，例如 500.00',
}
