export default {
  login: '登录处理', refund: '登录后退款', reveal: '登录后显示', unknown: '链接已失效', unknownText: '请打开最新的通知，或登录知诉查看。', expired: '链接已过期', revoked: '链接已停用',
  endedText: '登录后可以继续处理这张投诉单。', seeOnly: '群里的链接只能查看，回应请登录。',
}
