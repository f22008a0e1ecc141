/** Words of the inbox on both faces. */
export default {
  assign: { title: '负责人', me: '我', nobody: '没有负责人', anybody: '所有人', of: '负责人：{name}', change: '更换负责人' },
}
