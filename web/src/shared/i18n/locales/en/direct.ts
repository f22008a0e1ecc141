/** Programs with their own AppSecret, at the desk. */
export default {
  brokenHow: '{reason}. Open the program and choose "Change connection"',
  title: 'Own AppSecret', add: 'Connect with an AppSecret', edit: 'Change connection', toDirect: 'Move to own AppSecret', toPlatform: 'Move to the platform',
  toPlatformHint: 'Have the admin authorise the platform first, then move it. All complaints stay.', canMove: 'The mini program can also be connected with its own AppSecret. All complaints stay.',
  lead: 'Works without a third-party platform: Zhisu calls WeChat with the mini program\'s own AppSecret, and WeChat pushes to the address made below.',
  name: 'Name', secretHint: 'Stored encrypted and never shown again. Add the server\'s public IP to the mini program\'s IP whitelist.', mode: 'Encryption', format: 'Data format', auto: 'Detect', either: 'XML or JSON',
  modes: { safe: 'Secure mode (recommended)', compat: 'Compatible mode', plain: 'Plain mode' },
  weak: { compat: 'Only the encrypted half is believed. Secure mode is better.', plain: 'The content of plain pushes is not signed. Use it for tests only.' },
  make: 'Generate Token and Key', makeHint: 'After a change the old ones still work while you switch', agree: '"{name}" is authorised to the platform; move it to its own AppSecret', need: 'AppID, AppSecret and Token are needed',
  paste: 'Open the development settings in WeChat\'s console and fill in these values under message push. Token and Key are not shown again.', previous: 'the old Token and Key still work',
  check: {
    token: { ok: 'AppSecret works', waiting: 'Checking AppSecret', failed: 'AppSecret is wrong' },
    url: { ok: 'WeChat verified this address ({ago})', waiting: 'Waiting for WeChat to verify the address: submit it in WeChat\'s console', failed: 'Address not verified' },
    push: { ok: 'Push received ({ago})', waiting: 'No push received yet', failed: 'Push refused' },
  },
}
