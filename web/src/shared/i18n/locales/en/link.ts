export default {
  login: 'Log in to act', refund: 'Log in to refund', reveal: 'Log in to show', unknown: 'This link no longer works', unknownText: 'Open the latest notice, or log in to Zhisu.', expired: 'This link has expired',
  revoked: 'This link was revoked', endedText: 'After logging in you can go on with this complaint.', seeOnly: 'A group\'s link is for reading. Log in to answer.',
}
