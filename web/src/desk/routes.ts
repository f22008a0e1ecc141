import type { RouteRecordRaw } from 'vue-router'

/** Every page of the desk. What has no page yet has no entry in the navigation either. */
export const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/workbench' },
  { path: '/login', component: () => import('./pages/LoginPage.vue'), meta: { open: true, bare: true, title: 'page.login' } },
  { path: '/setup', component: () => import('./pages/SetupPage.vue'), meta: { open: true, bare: true, title: 'page.setup' } },
  { path: '/workbench', component: () => import('./pages/WorkbenchPage.vue'), meta: { title: 'page.workbench', rail: 'workbench' } },
  { path: '/complaints/:id?', component: () => import('./pages/InboxPage.vue'), meta: { title: 'page.complaints', rail: 'complaints' } },
  { path: '/complaints/:id/respond', redirect: to => ({ path: `/complaints/${String(to.params.id)}`, query: to.query, hash: '#respond' }) },
  { path: '/complaints/:id/refund', redirect: to => ({ path: `/complaints/${String(to.params.id)}`, query: to.query, hash: '#refund' }) },
  {
    path: '/refunds',
    component: () => import('./pages/RefundsPage.vue'),
    meta: { title: 'page.refunds', rail: 'refunds' },
    children: [
      { path: '', component: () => import('./refund/RefundListTab.vue'), meta: { title: 'page.refunds' } },
      { path: 'totals', component: () => import('./refund/TotalsTab.vue'), meta: { title: 'page.refunds' } },
      { path: 'reconcile', component: () => import('./refund/ReconcileTab.vue'), meta: { title: 'page.refunds' } },
    ],
  },
  { path: '/standing', component: () => import('./pages/StandingPage.vue'), meta: { title: 'page.standing', rail: 'standing' } },
  { path: '/reports', component: () => import('./pages/ReportsPage.vue'), meta: { title: 'page.reports', rail: 'reports' } },
  { path: '/programs', component: () => import('./pages/ProgramsPage.vue'), meta: { title: 'page.programs', rail: 'programs' } },
  {
    path: '/notices',
    component: () => import('./pages/NoticesPage.vue'),
    meta: { title: 'page.notices', rail: 'notices' },
    children: [
      { path: '', redirect: '/notices/channels' },
      { path: 'channels', alias: 'channels/edit', component: () => import('./pages/ChannelsTab.vue'), meta: { title: 'page.notices' } },
      { path: 'subscriptions', component: () => import('./pages/SubscriptionsTab.vue'), meta: { title: 'page.notices' } },
      { path: 'reminders', component: () => import('./pages/RemindersTab.vue'), meta: { title: 'page.notices' } },
      { path: 'log', component: () => import('./pages/NoticeLogTab.vue'), meta: { title: 'page.notices' } },
    ],
  },
  {
    path: '/settings',
    component: () => import('./pages/SettingsPage.vue'),
    meta: { title: 'page.settings', rail: 'settings' },
    children: [
      { path: 'members', component: () => import('./pages/MembersTab.vue'), meta: { title: 'settings.members' } },
      { path: 'platform', component: () => import('./pages/PlatformTab.vue'), meta: { title: 'settings.platform' } },
      { path: 'merchants', component: () => import('./pages/MerchantsTab.vue'), meta: { title: 'settings.merchants' } },
      { path: 'templates', component: () => import('./pages/TemplatesTab.vue'), meta: { title: 'settings.templates' } },
      { path: 'tokens', component: () => import('./pages/TokensTab.vue'), meta: { title: 'settings.tokens' } },
      { path: 'deliveries', component: () => import('./pages/DeliveriesTab.vue'), meta: { title: 'settings.deliveries' } },
      { path: 'gaps', component: () => import('./pages/GapsTab.vue'), meta: { title: 'settings.gaps' } },
      { path: 'retention', component: () => import('./pages/RetentionTab.vue'), meta: { title: 'settings.retention' } },
      { path: 'audit', component: () => import('./pages/AuditTab.vue'), meta: { title: 'settings.audit' } },
    ],
  },
  { path: '/rules/:id?', component: () => import('./pages/RulesPage.vue'), meta: { title: 'page.rules', rail: 'rules' } },
  { path: '/:rest(.*)*', component: () => import('./pages/NotFoundPage.vue'), meta: { title: 'page.notFound' } },
]
