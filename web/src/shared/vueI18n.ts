/** What vue-i18n uses of Vue (see vite.config.ts). An update that wants more fails to build and says what. */
export {
  Fragment, Text, computed, createVNode, defineComponent, effectScope, getCurrentInstance, getCurrentScope, h, inject, isRef, onMounted, onScopeDispose,
  onUnmounted, ref, shallowRef, watch,
} from 'vue'
