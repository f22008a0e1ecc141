export default { act: '我已看到', by: '{name} {when}已看到' }
