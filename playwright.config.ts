import { defineConfig } from '@playwright/test'
import { chromiumArgs, findChromium } from './scripts/lib/chromium.mjs'

const executablePath = findChromium()

// The servers (the app's own relay, a PDS, a PLC directory) are started by e2e/fixtures.ts on free ports.
export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  outputDir: 'test-results',
  fullyParallel: false,
  // Each test has a browser, a worker thread and a real PDS at work; a second one starves both on two cores.
  workers: 1,
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    screenshot: 'only-on-failure',
    // Without pictures and copies of the page at each step, a sixth of the whole time: `--trace=on` has them.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: false, sources: false },
    launchOptions: {
      ...(executablePath === undefined ? {} : { executablePath }),
      // What memory a page needs is seen once it has collected its garbage.
      args: [...chromiumArgs, '--js-flags=--expose-gc'],
    },
  },
  projects: [
    { name: 'e2e', testIgnore: 'screens.spec.ts' },
    { name: 'screens', testMatch: 'screens.spec.ts' },
  ],
})
