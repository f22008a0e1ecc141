/// <reference types="vite/client" />
import 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** may be opened without being signed in */
    open?: boolean
    /** key of the page's name in the locale files */
    title?: string
    /** which item of the main navigation is lit */
    rail?: string
    /** fills the whole window, without the navigation */
    bare?: boolean
  }
}
