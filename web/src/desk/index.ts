import './desk.css'

export { default } from './DeskApp.vue'
export { routes } from './routes'
