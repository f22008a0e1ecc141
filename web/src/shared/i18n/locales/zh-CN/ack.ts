export default { act: '我已看到', by: '{name}已看到，{when}' }
