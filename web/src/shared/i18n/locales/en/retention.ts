/** How long data are kept. */
export default {
  text: 'How long the data of closed complaints are kept. Nothing of an open one is deleted; what is deleted cannot be brought back', keep: 'Keep', after: 'Delete after', days: 'days', preview: 'What would go now?', saved: 'Saved. It runs once a day, and the audit trail says what went',
  bounds: 'Between {min} and {max} days', never: 'Nothing has been deleted yet. By default everything is kept',
  last: 'Last time, {when}: {deliveries} pushes, {snapshots} snapshots, {images} pictures, {originals} originals, personal data of {personal} complaints',
  run: 'Run now', runTitle: 'Delete now what is old enough', runText: 'By the stored settings this goes now, without waiting for the daily run. It cannot be brought back.', runYes: 'Delete for good', nothing: 'Nothing is old enough now', saveFirst: 'Save first', going: 'Deleting… so far: {what}',
  ran: 'Done: {what}', ranNothing: 'Done; there was nothing to delete',
  part: '{what}: {count}', and: ', ', unit: { deliveries: '{n}', snapshots: '{n}', images: '{n}', originals: '{n}', personal: '{n} complaints' },
  what: { deliveries: 'Raw pushes', snapshots: 'WeChat\'s raw answers', images: 'Copies of complaint pictures', originals: 'Originals of evidence', personal: 'Personal data in clear' },
  hint: {
    deliveries: 'From the day they came. Kept while the mini program has an open complaint from then', snapshots: 'The complaint and its progress stay', images: 'WeChat\'s links expire: without the copy there is no picture',
    originals: 'The file as uploaded, perhaps with a place; what was sent to WeChat stays', personal: 'Phone, openid and text; the masked forms stay. Raw pushes and answers hold them too and go at the same time',
  },
  count: { deliveries: '{n} now', snapshots: '{n} now', images: '{n} now', originals: '{n} now', personal: '{n} now' },
}
