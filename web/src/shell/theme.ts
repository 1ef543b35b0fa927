import { createTheme, type CSSVariablesResolver } from '@mantine/core'

import { text } from '../text/en'

/** The look of the app. Colours are chosen so that text has a contrast of at least 4.5 in both schemes. */
export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 9, dark: 8 },
  autoContrast: true,
  luminanceThreshold: 0.3,
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontWeight: '600' },
  components: {
    // The button that shows what is typed is for people without a mouse as well.
    PasswordInput: {
      defaultProps: { visibilityToggleButtonProps: { 'aria-label': text.session.showPassword, tabIndex: 0 } },
    },
    // The placeholder is no item of the menu, which screen readers stumble over; the first item is.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': text.session.close } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': text.session.close } } },
  },
})

/** Mantine's own dimmed, placeholder and error texts are too pale to be read by everybody. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-body': '#fff',
    '--shell-ground': 'var(--mantine-color-gray-1)',
    '--shell-line': 'var(--mantine-color-gray-3)',
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--shell-ground': 'var(--mantine-color-dark-8)',
    '--shell-line': 'var(--mantine-color-dark-4)',
  },
})
