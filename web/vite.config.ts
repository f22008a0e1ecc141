import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

/** vue-i18n looks up one name in the whole of Vue, so that all of Vue would come along. It gets the parts it uses. */
const partsOfVue: Plugin = {
  name: 'parts-of-vue',
  enforce: 'pre',
  resolveId: (id, importer) => (id === 'vue' && importer?.includes('/node_modules/vue-i18n/') ? src('shared/vueI18n.ts') : null),
}

/** What somebody with a phone sees first: a list, a case, an answer. */
const FIRST_ON_PHONE = /src\/(main\.ts|phone\/index\.ts|phone\/pages\/(Inbox|Case|Link|Respond)Page\.vue)/

interface Modules { getModuleInfo: (id: string) => { importers: readonly string[] } | null }

/** Names the file of what a phone needs first. What else pages share stays out of it, however many of the desk's do. */
function firstOnPhone(id: string, build: Modules): string | null {
  const seen = new Set([id])
  for (const at of seen) {
    if (FIRST_ON_PHONE.test(at)) return 'common'
    for (const importer of build.getModuleInfo(at)?.importers ?? []) seen.add(importer)
  }
  return null
}

// The build goes to dist/, which the Go binary embeds; everything with a hash in its name lives under /assets and may be cached for ever.
export default defineConfig({
  plugins: [vue(), partsOfVue],
  resolve: {
    alias: {
      '@': src(''),
      // Vue Query reaches Vue through a bridge for Vue 2 that drags all of Vue into the bundle.
      'vue-demi': src('shared/vueDemi.ts'),
    },
  },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    // shared/i18n/message.ts takes its place; tests compare the two.
    __INTLIFY_DROP_MESSAGE_COMPILER__: process.env.VITEST ? 'false' : 'true',
  },
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    manifest: true,
    sourcemap: false,
    target: ['chrome111', 'safari15.4', 'firefox114'],
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      output: {
        // Few files instead of many crumbs: the server speaks HTTP/1.1 behind most proxies.
        codeSplitting: {
          groups: [
            // useQueries is for few pages of the desk.
            { name: 'vendor', test: /node_modules[\\/](vue|@vue|vue-router|vue-i18n|@intlify|@tanstack|openapi-fetch)[\\/](?!.*[qQ]ueries(Observer)?\.js)/, priority: 3 },
            { name: firstOnPhone, test: /src[\\/]shared[\\/](?!i18n[\\/]locales)/, minShareCount: 4, priority: 2 },
            { name: 'element', test: /node_modules[\\/](element-plus|lodash|@vueuse|@popperjs|@floating-ui|memoize-one|normalize-wheel-es)/, minShareCount: 6, priority: 1 },
          ],
        },
      },
    },
  },
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8080' } },
  test: { environment: 'happy-dom', include: ['tests/**/*.spec.ts'], globals: false },
})
