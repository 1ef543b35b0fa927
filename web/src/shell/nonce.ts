// The nonce by which the server lets this page, and nobody else, add style elements: it stands in
// the page and differs each time (internal/web). Libraries that add styles ask for it here.
export const nonce: string = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

// react-remove-scroll, beneath Mantine's dialogs, looks for it under this name.
Object.assign(globalThis, { __webpack_nonce__: nonce })
