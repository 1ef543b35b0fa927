import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The built app is committed, so nothing of the machine that builds it may be in it, and a small
// change must change few files. The server puts a fresh nonce where the placeholder stands.
export default defineConfig({
  plugins: [react()],
  html: { cspNonce: 'SWITCHYARD_NONCE' },
  build: {
    outDir: '../internal/web/dist',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What changes with a library's version only stands apart from what changes every day.
        codeSplitting: {
          groups: [{ name: 'base', test: /node_modules\/(react|react-dom|scheduler|@tanstack\/(?!react-virtual|virtual-core)[^/]+|openapi-fetch|eventsource-parser)\// }],
        },
      },
    },
  },
  server: {
    proxy: { '/v1': 'http://127.0.0.1:8080' },
  },
})
