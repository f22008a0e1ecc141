import './phone.css'

export { default } from './PhoneApp.vue'
export { routes } from './routes'
