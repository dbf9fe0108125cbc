import { test as base, type BrowserContext, type Locator, type Page } from '@playwright/test'
import { startApp, type AppServer } from './app-server.ts'
import { createCairnPage, type CairnPage } from './cairn-page.ts'
import { openDevice, type Device, type DeviceOptions } from './device.ts'
import { expect } from './expect.ts'
import { startPds, type Account, type Pds } from './pds/client.ts'
import { heavyAccount } from './pds/heavy.ts'
import { LARGE, seedAccount, type SeedSize } from './pds/seed.ts'

interface WorkerFixtures {
  /** a real PDS and PLC directory, shared by the tests of a worker: each makes accounts of its own */
  pds: Pds
  /** the app, served by its own relay process */
  app: AppServer
  /** an account of 1,233 records and 43 blobs that no test may change */
  ada: Account
  /** an account of 6 MB that no test may change */
  heavy: Account
}

interface TestFixtures {
  /** what pages complained about: refused by the CSP, or thrown and caught by nobody */
  complaints: string[]
  /** heals every fault and starts every server that a test has stopped */
  healed: undefined
  /** the app, open, with its endpoints set to the local servers */
  cairn: CairnPage
  /** another tab of the same browser, or of `context`, open and set up */
  openTab: (context?: BrowserContext) => Promise<CairnPage>
  /** another relay process, which a test may stop; `flags` of `cairn serve` */
  startRelay: (...flags: readonly string[]) => Promise<AppServer>
  /** a browser of its own with the app open, at a relay that a test has started or at `app` */
  device: (options?: DeviceOptions) => Promise<Device>
  /** a new account of the test's own */
  newAccount: (size?: SeedSize) => Promise<Account>
}

let accounts = 0

export const test = base.extend<TestFixtures, WorkerFixtures>({
  pds: [
    async ({}, use) => {
      const pds = await startPds()
      await use(pds)
      await pds.stop()
    },
    { scope: 'worker', timeout: 90_000 },
  ],

  app: [
    async ({ pds }, use) => {
      const app = await startApp(relayFlags(pds))
      await use(app)
      await app.close()
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  ada: [
    async ({ pds }, use) => {
      await use(await seedAccount(pds, 'ada.test', LARGE))
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  heavy: [
    async ({ pds }, use) => {
      await use(await heavyAccount(pds, 'heavy.test'))
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  baseURL: async ({ app }, use) => use(app.url),

  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = []
      watch(context, complaints)
      await use(complaints)
      expect(complaints, 'no page threw, and the CSP refused nothing').toEqual([])
    },
    { auto: true },
  ],

  healed: [
    async ({ pds, app }, use) => {
      await use(undefined)
      await pds.faults()
      await pds.call('startServer', {})
      await app.start()
    },
    { auto: true },
  ],

  openTab: async ({ context, pds, app, complaints }, use) => {
    await use(async (other) => {
      if (other !== undefined) watch(other, complaints)
      const page = await (other ?? context).newPage()
      return createCairnPage(page, { app: app.url, pds: pds.url, plc: pds.plc })
    })
  },

  cairn: async ({ page, pds, app }, use) => {
    const cairn = createCairnPage(page, { app: app.url, pds: pds.url, plc: pds.plc })
    await cairn.setUp()
    await use(cairn)
  },

  startRelay: async ({ pds }, use) => {
    const started: AppServer[] = []
    await use(async (...flags) => {
      const relay = await startApp([...relayFlags(pds), ...flags])
      started.push(relay)
      return relay
    })
    await Promise.all(started.map((relay) => relay.close()))
  },

  // After `startRelay`, so that browsers are closed before the relays that they use.
  device: async ({ browser, pds, app, complaints, startRelay: _ }, use) => {
    const opened: Device[] = []
    await use(async ({ relay = app, servers = { pds: pds.url, plc: pds.plc }, ...options } = {}) => {
      const urls = { app: relay.url, ...servers }
      const device = await openDevice(browser, urls, options)
      watch(device.context, complaints)
      opened.push(device)
      return device
    })
    await Promise.all(opened.map((device) => device.context.close()))
  },

  newAccount: async ({ pds }, use) => {
    await use((size) => seedAccount(pds, `walker${++accounts}.test`, size))
  },
})

export { expect, type Locator, type Page }

/**
 * For `test.use`: browsers that do not install the app. To keep its hundred and fifty files costs each of them as much as a
 * short test does, and where several are at work and none is without a network it shows nothing.
 */
export const NOT_INSTALLED = { serviceWorkers: 'block' } as const

/** A relay of this machine, for accounts of this PDS. */
const relayFlags = (pds: Pds): string[] => ['--plc', pds.plc, '--allow-local', '--stun', 'none']

function watch(context: BrowserContext, complaints: string[]): void {
  context.on('weberror', (event) =>
    complaints.push(`thrown: ${event.error().stack ?? event.error().message}`),
  )
  context.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(`refused: ${message.text()}`)
  })
}
