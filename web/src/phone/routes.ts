import type { RouteRecordRaw } from 'vue-router'

/** The same addresses as at the desk. */
export const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/complaints' },
  { path: '/workbench', redirect: '/complaints' },
  { path: '/login', component: () => import('./pages/LoginPage.vue'), meta: { open: true, bare: true, title: 'page.login' } },
  { path: '/setup', component: () => import('./pages/SetupPage.vue'), meta: { open: true, bare: true, title: 'page.setup' } },
  {
    path: '/c/:token',
    component: () => import('./pages/LinkPage.vue'),
    meta: { open: true, bare: true, title: 'page.case' },
    children: [
      { path: '', component: () => import('./pages/CasePage.vue') },
      { path: 'respond', component: () => import('./pages/RespondPage.vue'), meta: { title: 'page.respond' } },
    ],
  },
  { path: '/complaints', component: () => import('./pages/InboxPage.vue'), meta: { title: 'page.complaints', rail: 'complaints' } },
  { path: '/complaints/:id', component: () => import('./pages/CasePage.vue'), meta: { bare: true, title: 'page.case' } },
  { path: '/complaints/:id/respond', component: () => import('./pages/RespondPage.vue'), meta: { bare: true, title: 'page.respond' } },
  { path: '/complaints/:id/refund', component: () => import('./pages/RefundPage.vue'), meta: { bare: true, title: 'refund.title' } },
  { path: '/refunds/:rest(.*)*', component: () => import('./pages/RefundsPage.vue'), meta: { bare: true, title: 'page.refunds' } },
  { path: '/programs', component: () => import('./pages/ProgramsPage.vue'), meta: { title: 'page.programs', rail: 'programs' } },
  { path: '/notices/:rest(.*)*', component: () => import('./pages/NoticesPage.vue'), meta: { title: 'page.notices', rail: 'notices' } },
  { path: '/more', component: () => import('./pages/MorePage.vue'), meta: { title: 'page.more', rail: 'more' } },
  // The desk's own: the router leads there before anything of this is drawn.
  { path: '/:page(standing|reports|rules|settings)/:rest(.*)*', component: () => import('./pages/MorePage.vue') },
  { path: '/:rest(.*)*', redirect: '/complaints' },
]
