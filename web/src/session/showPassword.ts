import { text } from '../text/en'

/** The button that shows what is typed is for people without a mouse as well. */
export const showPassword = { 'aria-label': text.session.showPassword, tabIndex: 0 }
