export default { act: 'I have seen it', by: 'Seen by {name}, {when}' }
