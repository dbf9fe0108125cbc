import type { Browser, BrowserContext, Page } from '@playwright/test'
import type { ActivityItem, Copy, NetworkSettings, PeerStatus } from '../src/cairn/api.ts'
import type { AppServer } from './app-server.ts'
import { createCairnPage, localServers, type CairnPage, type Urls } from './cairn-page.ts'
import { engineOf, probe, type Engine } from './engine.ts'
import { expect } from './expect.ts'

/** A friend's browser: storage of its own, one tab open. */
export interface Device {
  readonly context: BrowserContext
  readonly page: Page
  readonly tab: CairnPage
  readonly engine: Engine
  /** Another tab of the same browser. */
  another(): Promise<Device>
  /** Keeps a repo from its own server and waits for the end; gives the rev. */
  keep(did: string): Promise<string>
  /** Waits until all blobs of a kept repo are here, of which it has some: they follow its records, and ask its server too. */
  hasBlobs(did: string): Promise<void>
  rev(did: string): Promise<string | undefined>
  /** Waits until the head is at this rev. */
  reaches(did: string, rev: string, timeout?: number): Promise<void>
  /** Waits until this browser is connected to that many others which share a repo. */
  linked(count?: number): Promise<readonly PeerStatus[]>
  /** Waits until its own relay has a reservation for it. */
  connected(): Promise<void>
  copy(did: string, peer: string): Promise<Copy | undefined>
  /** what happened to a repo, the newest first */
  activity(did: string): Promise<readonly ActivityItem[]>
}

export interface DeviceOptions {
  readonly relay?: AppServer
  readonly network?: Partial<NetworkSettings>
  /** has a touch screen */
  readonly touch?: boolean
  /** installs the app, also where the tests of a file use `NOT_INSTALLED` */
  readonly installs?: boolean
  /** where accounts live, other than on the real server of all tests */
  readonly servers?: Pick<Urls, 'pds' | 'plc'>
}

/** What has to travel and be proven on a machine that may be busy, ms. */
const TRAVEL = 20_000

export const openDevice = async (
  browser: Browser,
  urls: Urls,
  options: Omit<DeviceOptions, 'relay'> = {},
): Promise<Device> =>
  setUpDevice(
    await browser.newContext({
      hasTouch: options.touch ?? false,
      ...(options.installs === true ? { serviceWorkers: 'allow' } : {}),
    }),
    urls,
    options,
  )

/** The same in storage that is there already. */
export async function setUpDevice(
  context: BrowserContext,
  urls: Urls,
  { network }: Omit<DeviceOptions, 'relay'> = {},
): Promise<Device> {
  await probe(context)
  const device = await openTab(context, urls)
  await device.engine.device.setSettings({ endpoints: localServers(urls) })
  // no server outside this machine is asked for an address
  await device.engine.network.setSettings({ stun: [], ...network })
  return device
}

async function openTab(context: BrowserContext, urls: Urls): Promise<Device> {
  const page = await context.newPage()
  const tab = createCairnPage(page, urls)
  await tab.open()
  const engine = engineOf(page)
  const { library, network } = engine
  const rev = async (did: string): Promise<string | undefined> => (await library.get(did))?.head?.rev
  return {
    context,
    page,
    tab,
    engine,
    another: () => openTab(context, urls),
    rev,
    async keep(did) {
      const { id } = await library.backup(did)
      const ended = async () => (await engine.activity.jobs()).find((job) => job.id === id)?.state
      await expect.poll(ended, { timeout: TRAVEL }).toBe('done')
      return (await rev(did)) ?? ''
    },
    async hasBlobs(did) {
      const lacking = async () => {
        const { blobs } = (await library.get(did)) ?? {}
        // Every account here has some; before they were looked for none is known.
        return blobs && blobs.referenced > 0 ? blobs.referenced - blobs.kept - blobs.missing : undefined
      }
      await expect.poll(lacking, { timeout: TRAVEL }).toBe(0)
    },
    async reaches(did, wanted, timeout = TRAVEL) {
      await expect.poll(() => rev(did), { timeout, intervals: [50] }).toBe(wanted)
    },
    async linked(count = 1) {
      const peers = async () => (await network.status()).peers
      await expect.poll(async () => (await peers()).length, { timeout: TRAVEL, intervals: [50] }).toBe(count)
      return peers()
    },
    async connected() {
      const own = async () => (await network.status()).relays.find((relay) => relay.own)?.state
      await expect.poll(own, { timeout: TRAVEL, intervals: [50] }).toBe('connected')
    },
    copy: async (did, peer) => (await network.copies(did)).find((copy) => copy.peer === peer),
    activity: async (did) => (await engine.activity.list({ limit: 50 })).filter((item) => item.did === did),
  }
}

/** The peer id of a browser's network, when it has one. */
export async function peerOf({ engine }: Device): Promise<string> {
  const self = async () => (await engine.network.status()).self
  await expect.poll(self).toBeDefined()
  return (await self()) ?? ''
}
