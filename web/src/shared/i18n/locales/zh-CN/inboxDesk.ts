/** The desk's words of choosing, answering many, keeping and exporting filters. */
export default {
  filterMore: { type: '问题类型', anyType: '全部类型' },
  saved: { title: '我的视图', save: '保存为视图', change: '修改视图', changeThis: '修改视图 {name}', name: '名称', share: '所有成员都能看到（各自只看到自己范围内的投诉）', by: '{name} 共享' },
  exporting: { open: '导出', xlsx: 'Excel（.xlsx）', csv: 'CSV（.csv）', note: '按当前筛选，最多 100,000 单。手机号等个人信息已打码。' },
  bulk: {
    title: '批量处理', choose: '选择投诉单 {id}', chosen: '已选 {n} 单', all: '全选', allHint: '按当前筛选从上到下，最多 {n} 单', none: '取消选择', cases: '{n} 单', list: '每一单的结果',
    do: { respond: '批量回应', assign: '指派', note: '写备注' }, template: '套用话术', text: '回应内容', textHint: '写给每位用户的话，可以用变量', noteHint: '写给同事，不会发给用户和平台',
    variables: '变量会按每一单填好：{list}', each: '先逐单预览，再发送', look: '预览', ready: '{n} 单可以，{not} 单跳过', sending: '正在发送',
    send: { respond: '发送给 {n} 位用户', assign: '指派 {n} 单', note: '给 {n} 单写备注' }, sumSent: '{n} 单已提交，微信的结果见各单', sum: '{n} 单已完成', sumFailed: '{n} 单已完成，{failed} 单没有成功', when: '。{when}',
    state: { not: '跳过', done: '已提交', failed: '没有成功', sending: '正在发送', ready: '待发送' },
  },
}
