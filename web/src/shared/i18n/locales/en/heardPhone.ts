export default {
  tabs: { log: 'Messages', channels: 'Channels' }, none: 'No channel yet', noneText: 'Add a mailbox or a group robot, and be told as soon as a complaint arrives.', add: 'Add a channel', desk: 'Add or change channels',
  kind: { email: 'E-mail', offiaccount: 'Official account', sms: 'Text message', wecom: 'WeCom robot', dingtalk: 'DingTalk robot', feishu: 'Feishu robot', webhook: 'Webhook' },
  state: { ok: 'works', waiting: 'not reachable', paused: 'settings refused', disabled: 'off' }, sent: 'sent {when}', failed: 'failed {when}', never: 'nothing sent yet', test: 'Send a test', testing: 'Sending', to: { email: 'Mail address', sms: 'Phone number', offiaccount: 'Receiver' },
}
