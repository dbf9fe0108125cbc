import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumArgs, findChromium } from './scripts/lib/chromium.mjs'

const executablePath = findChromium()
/** What is waited for comes when it comes: on a busy machine a second is soon over. */
const expect = { poll: { timeout: 10_000 } }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['src/**/*.test.{ts,tsx}'],
          exclude: ['src/**/*.browser.test.{ts,tsx}'],
          testTimeout: 30_000,
          expect,
          // As many as there are processors: left to itself, the runner keeps one for watching.
          maxWorkers: '100%',
          // Repos of megabytes come and go: with the young generation as small as it is, a sixth of the time is spent on it.
          execArgv: ['--min-semi-space-size=32', '--max-semi-space-size=64'],
        },
      },
      {
        // Found late, they would be bundled in the midst of a run, and two copies of React loaded.
        optimizeDeps: {
          include: [
            'react',
            'react-dom',
            'react-dom/client',
            'react/jsx-runtime',
            'react/jsx-dev-runtime',
            'virtua',
            'lucide-react',
            'lean-qr',
            '@libp2p/peer-id',
            'valibot',
            'wouter/use-browser-location',
            'workbox-window',
            'hash-wasm/dist/blake3.umd.min.js',
            'axe-core',
            'fractional-indexing',
            '@noble/hashes/sha2.js',
            '@atcute/multibase',
            '@atcute/cbor',
            'yjs',
            'y-protocols/awareness',
            '@tiptap/core',
            '@tiptap/starter-kit',
            '@tiptap/extension-collaboration',
            '@tiptap/pm/state',
            '@tiptap/y-tiptap',
          ],
        },
        test: {
          name: 'chromium',
          include: ['src/**/*.browser.test.{ts,tsx}'],
          testTimeout: 60_000,
          expect,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(executablePath === undefined ? {} : { executablePath }),
                args: chromiumArgs,
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
