/** The phone's words of filters. */
export default {
  inboxPhone: { filter: '筛选', views: '保存的视图', view: '视图', stage: '环节', filed: '投诉时间', from: '从', to: '到', any: '全部', clear: '清除', more: '{n}+ 单' },
}
