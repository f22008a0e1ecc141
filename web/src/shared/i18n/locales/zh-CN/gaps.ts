/** 漏单检查。中文的句子由接口给出，say 和 then 只在英文界面使用，这里和它们说的是同一件事。 */
export default {
  text: '微信没有列出投诉的接口，推送丢了就没人知道。这里检查每一处可能漏单的地方，并给出办法', again: '重新检查', checked: '查了什么', asked: '已提交',
  none: '没有发现可能漏掉的投诉', noneText: '推送、同步、权限和小程序的动静都查过了', more: '还有 {n} 条没有列出，先处理上面的',
  check: {
    platform: '第三方平台的票据和令牌', programs: '{n} 个小程序的授权和权限', silence: '{n} 个小程序的推送间隔，投诉太少的不算', deliveries: '推送记录，{n} 条没有完成', cases: '{n} 张未完结投诉单的重读',
    numbers: '扣分记录里的 {n} 个投诉单号',
  },
  fix: { replay: '重新处理', sync: '马上同步', import: '补录' },
  say: {
    ticket_missing: '还没有收到过微信的票据', ticket_old: '微信票据已 {minutes} 分钟没有更新', token_missing: '没有换到平台令牌：{reason}', program_revoked: '「{program}」已取消授权',
    permission_missing: '「{program}」缺少权限「{name}」', direct_secret: '「{program}」的 AppSecret 不能用', push_refused: '「{program}」的推送和设置不一致，被拒收了', push_url_unchecked: '「{program}」还没有收到过微信的推送',
    push_silent: '「{program}」{days} 天没有推送，以往最长隔 {longest} 天', delivery_failed: '一条推送没有处理成功', delivery_stuck: '一条推送还没有处理完',
    sync_failed: '投诉单 {number} 没有同步成功', recheck_late: '投诉单 {number} 到了重读时间还没有读', complaint_unknown: '微信提到投诉单 {number}，知诉里没有',
  },
  then: {
    ticket_missing: '请检查授权事件接收 URL、防火墙和证书', ticket_old: '请检查授权事件接收 URL、防火墙和证书', token_missing: '令牌恢复以前，投诉读不到详情，也不能回应', program_revoked: '收不到新投诉，请小程序管理员重新授权',
    permission_missing: '请小程序管理员重新授权并勾选它', direct_secret: '请更换 AppSecret，或把服务器地址加入 IP 白名单', push_refused: '请把微信公众平台的消息推送和小程序页的设置改成一致', push_url_unchecked: '请在微信公众平台的消息推送里填写小程序页给出的值',
    push_silent: '可能真的没有投诉，也可能是推送断了：请到微信公众平台看有没有新投诉', delivery_failed: '请查看原文，问题解决后重新处理', delivery_stuck: '知诉在自动重试，一直不动请查看服务器日志',
    sync_failed: '看到的可能不是最新状态，截止时间也可能变了', recheck_late: '多半是服务器忙，或当天的调用次数用完了', complaint_unknown: '补录以后，知诉会向微信查询并照常跟进',
  },
}
