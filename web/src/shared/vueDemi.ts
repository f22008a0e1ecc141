/** Stands in for vue-demi (see vite.config.ts): we have Vue 3 and nothing else. */
export * from 'vue'
export const isVue2 = false
export const isVue3 = true
