import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { createElement } from 'react'
import type { FunctionComponent } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { build, defineConfig, runnerImport } from 'vite'
import type { Plugin } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'
import type { ManifestOptions } from 'vite-plugin-pwa'
import { metaContentSecurityPolicy } from './src/relay/security-headers.ts'

/** A file kind that an installed app opens. */
const carFiles = { action: '/open', accept: { 'application/vnd.ipld.car': ['.car'] } }

const manifest: Partial<ManifestOptions> = {
  id: '/',
  name: 'Cairn',
  short_name: 'Cairn',
  description: 'Keep your AT Protocol data on your own device, verified and readable offline.',
  start_url: '/',
  scope: '/',
  display: 'standalone',
  lang: 'en',
  categories: ['utilities', 'social'],
  theme_color: '#fbf9f5',
  background_color: '#fbf9f5',
  icons: [
    { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
    { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
    { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
    { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
  ],
  shortcuts: [
    { name: 'Open a CAR file', url: '/open' },
    { name: 'Activity', url: '/activity' },
  ],
  file_handlers: [carFiles],
  launch_handler: { client_mode: ['navigate-existing', 'auto'] },
}

interface ShellModule {
  readonly Shell: FunctionComponent
}

/**
 * Puts the shell's markup into `index.html`, so that the first paint waits for no script, and the
 * content security policy of the build (the development server needs inline scripts and has none).
 */
function shell(): Plugin {
  let building = false
  return {
    name: 'cairn-shell',
    configResolved(config) {
      building = config.command === 'build'
    },
    transformIndexHtml: {
      order: 'pre',
      async handler(html) {
        const file = fileURLToPath(new URL('src/app/shell.tsx', import.meta.url))
        const { module } = await runnerImport<ShellModule>(file, { configFile: false })
        const csp = `<meta http-equiv="Content-Security-Policy" content="${metaContentSecurityPolicy}" />`
        return html
          .replace('<!--csp-->', building ? csp : '')
          .replace('<!--shell-->', () => renderToStaticMarkup(createElement(module.Shell)))
      },
    },
  }
}

/** Asks for the fonts of the first screen at once, not only when the styles have arrived. */
function preloadFonts(): Plugin {
  return {
    name: 'cairn-preload-fonts',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        const fonts = Object.keys(bundle).filter((file) => /-latin-wght-normal-[^/]+\.woff2$/.test(file))
        return fonts.map((file) => ({
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${file}`, crossorigin: true },
          injectTo: 'head' as const,
        }))
      },
    },
  }
}

/**
 * What the engine loads when a page asks its own engine for it, and never by itself. The background script is one file
 * without parts that come later, so there these imports fail, as they do for a page that is offline.
 */
const onlyForPages = [
  // lexicons to write by, and moving; who only sends what is written calls without it
  'node_modules/@atproto/api/',
  // a faster cipher, in place of one that is there
  'node_modules/libsodium/',
  'src/cairn/exports/exports.ts',
  'src/cairn/moving/service.ts',
  'src/cairn/search/search.ts',
  'src/cairn/spaces/export.ts',
  'src/cairn/spaces/read-file.ts',
  'src/storage/rehearsal.ts',
  'src/sync/pages/read-partial.ts',
]

/** Leaves out what is listed. Ends the build when something of it was not met, or has come in by another way. */
function without(listed: readonly string[]): Plugin {
  const absent = '\0cairn-absent'
  const met = new Set<string>()
  const inList = (id: string): string | undefined => listed.find((it) => id.includes(`/${it}`))
  return {
    name: 'cairn-without',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (source === absent) return absent
      if (options.kind !== 'dynamic-import') return null
      const found = inList((await this.resolve(source, importer, options))?.id ?? '')
      if (found === undefined) return null
      met.add(found)
      return absent
    },
    load: (id) => (id === absent ? `throw new Error('not in the background script')` : null),
    generateBundle(_options, bundle) {
      for (const it of listed)
        if (!met.has(it)) this.error(`${it} is imported by nothing: take it off the list`)
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.type === 'chunk' ? chunk.moduleIds : []) {
          if (inList(id) !== undefined) this.error(`${id} is in the background script`)
        }
      }
    },
  }
}

/**
 * The engine for the service worker, as one classic script: a service worker cannot import modules later, and
 * must not carry a megabyte of engine into every fetch that it answers.
 */
function background(): Plugin {
  let outDir = ''
  return {
    name: 'cairn-background',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir
    },
    async writeBundle() {
      await build({
        configFile: false,
        logLevel: 'warn',
        plugins: [without(onlyForPages)],
        build: {
          outDir,
          emptyOutDir: false,
          copyPublicDir: false,
          target: 'es2023',
          modulePreload: false,
          reportCompressedSize: false,
          rolldownOptions: {
            input: fileURLToPath(new URL('src/worker/background.ts', import.meta.url)),
            output: { format: 'iife', entryFileNames: 'background.js', codeSplitting: false },
          },
        },
      })
    },
  }
}

/**
 * What several lazy screens use lies in few files, with what the same screens use. Left to itself, the bundler makes
 * a file of each part that has users of its own: a hundred below 3 KB, each a request and a row of the offline cache.
 */
const codeSplitting = {
  groups: [
    // What the first screen needs stays what it is.
    { name: 'first', tags: ['$initial' as const], priority: 1 },
    { name: 'shared', minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 2000 },
  ],
}

/** The bundler names a shared file after all that share it. */
const chunkName =
  (folder: string) =>
  ({ name }: { readonly name: string }): string =>
    `${folder}${name.startsWith('shared~') ? 'shared' : '[name]'}-[hash].js`

export default defineConfig({
  plugins: [
    react(),
    shell(),
    preloadFonts(),
    background(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src/worker',
      filename: 'service-worker.ts',
      // The app registers it and asks before an update (workbox-window), so nothing is injected.
      injectRegister: false,
      registerType: 'prompt',
      manifest,
      // They are among the patterns below; the manifest itself is added as it is made.
      includeManifestIcons: false,
      injectManifest: {
        globPatterns: ['**/*.{html,js,css,woff2,wasm,svg,png}'],
        // The service worker keeps it with itself.
        globIgnores: ['background.js'],
        // Larger than any file of the build; one over it would be left out of the offline app silently.
        maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
      },
    }),
  ],
  build: {
    target: 'es2023',
    // A file that is inlined as data: would need a hole in the policy, and cannot be cached alone.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: { codeSplitting, chunkFileNames: chunkName('assets/') },
    },
    // The policy and the module graph are ours; browsers with modules need no preload polyfill.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: {
    format: 'es',
    // A folder of their own, so that the size gate can tell them from chunks of the page.
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/worker/[name]-[hash].js',
        chunkFileNames: chunkName('assets/worker/'),
        codeSplitting,
      },
    },
  },
  server: { port: 4681, strictPort: true },
})
