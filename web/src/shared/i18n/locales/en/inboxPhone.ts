/** The phone's words of filters. */
export default {
  inboxPhone: { filter: 'Filter', views: 'Saved views', view: 'View', stage: 'Stage', filed: 'Filed', from: 'From', to: 'To', any: 'All', clear: 'Clear', more: '{n}+ cases' },
}
