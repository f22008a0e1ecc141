/** Words of the inbox on both faces. */
export default {
  assign: { title: 'Responsible', me: 'Me', nobody: 'Nobody', anybody: 'Anybody', of: 'Responsible: {name}', change: 'Change who is responsible' },
}
