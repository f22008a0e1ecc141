/** 保留期限。 */
export default {
  text: '已完结的投诉，各类数据保留多久。未完结的一律不删；删除后找不回来', keep: '一直保留', after: '到期删除', days: '天', preview: '看看现在会删多少', saved: '已保存，每天自动执行一次，删了多少记在操作记录里',
  bounds: '天数应为 {min} 到 {max}', never: '还没有删除过。默认全部保留',
  last: '最近一次：{when}，删除推送 {deliveries} 条、快照 {snapshots} 份、图片 {images} 张、原图 {originals} 张、{personal} 单的个人信息',
  run: '现在执行', runTitle: '现在删除到期的数据', runText: '按已保存的期限，现在删除下面这些，不等每天的自动执行。删除后找不回来。', runYes: '确定删除', nothing: '现在没有到期的数据', saveFirst: '保存后才能执行', going: '正在删除……已删除：{what}',
  ran: '已执行：{what}', ranNothing: '已执行，没有可删的',
  part: '{what} {count}', and: '，', unit: { deliveries: '{n} 条', snapshots: '{n} 份', images: '{n} 张', originals: '{n} 张', personal: '{n} 单' },
  what: { deliveries: '推送原文', snapshots: '微信返回的原始数据', images: '投诉图片的副本', originals: '凭证原图', personal: '未打码的个人信息' },
  hint: {
    deliveries: '从收到那天算起。小程序有未完结的投诉时，它的推送不删', snapshots: '投诉单本身和进度不受影响', images: '微信的链接会过期，删了就看不到图片了',
    originals: '上传时的原文件，可能带拍摄地点；发给微信的那一份保留', personal: '手机号、openid 和投诉原文，打码的保留。推送原文和原始数据里也有，会同时删除',
  },
  count: { deliveries: '现在 {n} 条', snapshots: '现在 {n} 份', images: '现在 {n} 张', originals: '现在 {n} 张', personal: '现在 {n} 单' },
}
