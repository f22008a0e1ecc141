import inboxPhone from './inboxPhone'
import heard from './heardPhone'
import link from './link'

export default {
  ...inboxPhone,
  heard,
  link,
  inbox: { soon: '{n} 单在 12 小时内到期，最早 {when}', noneSoon: '12 小时内没有要到期的', withDraft: '{state}，有草稿' },
  step: {
    to_respond: { due: '{when} 前回应，逾期平台会介入判责', over: '{when} 的期限已过，平台可能已介入' },
    to_supplement: { due: '{when} 前补充凭证，逾期按现有凭证判定', over: '{when} 的期限已过，平台按现有凭证判定' },
    to_prove: { due: '{when} 前上传处理凭证，逾期可能先行赔付', over: '{when} 的期限已过，平台可能先行赔付' },
    to_appeal: { due: '不认可判责的，{when} 前可以申诉', over: '{when} 的申诉期限已过' },
  },
  fact: { leftUnsaid: '别处退过款，金额待查' },
  kind: { refund_proof: '上传凭证' },
  pull: { pull: '下拉刷新', release: '松开刷新', loading: '正在刷新' },
  case: { all: '全部', allEntries: '全部 {n} 条', fewer: '收起', pictures: '{n} 张图片', toCase: '看投诉单', toList: '处理其他投诉' },
  respond: { refuseShort: '拒绝', about: '{type}，{amount}' },
  draft: { will: '写的内容会自动保存', savedLong: '草稿已保存，关掉页面也不会丢' },
  preview: { open: '预览' },
  programs: {
    none: '还没有接入小程序', noneText: '第一次接入要到微信后台粘贴几个值，用电脑更方便；在手机上，到 我的 → 设置 → 第三方平台。', broken: '需要处理', pushed: '{when}收到推送', openN: '未结 {n} 单', copyLink: '复制授权链接',
    copyHint: '发给小程序管理员，用微信打开并扫码授权。',
  },
  page: { standing: '交易违规', reports: '报表', rules: '自动化' },
  more: { heard: '谁收什么通知' },
}
