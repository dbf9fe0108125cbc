import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createManualTime, type ManualTime } from '../../net/directory/testing/manual-time.ts'
import { rejection } from '../../net/testing/net-compliance.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import type { Storage } from '../../storage/port.ts'
import { noteCopy } from '../../sync/peers/copy-rows.ts'
import { startLocalPds } from '../../sync/testing/local-pds.ts'
import { createSyncKit } from '../../sync/testing/sync-kit.ts'
import type { Work } from '../../sync/work.ts'
import type { CairnEvent } from '../api.ts'
import type { CairnHost } from '../host.ts'
import { createNetwork, type NetworkParts, type RunningNetwork, type Service } from './create.ts'
import type { Locks } from './leadership.ts'
import { noNetwork, OFF } from './off.ts'
import { openChannel } from './channel.ts'
import { locksOf } from './testing/locks.ts'

const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'

interface Tab {
  readonly network: RunningNetwork
  /** what was asked of this tab's services, `start` and `close` among it */
  readonly done: string[]
  readonly leads: () => Promise<void>
}

interface Kit {
  readonly storage: Storage
  readonly time: ManualTime
  readonly locks: Locks
  open(options?: {
    readonly failures?: number
    readonly takes?: Promise<void>
    readonly closes?: Promise<void>
    /** has something that stands whether or not there is a network; what it goes through is in `done` */
    readonly stands?: boolean
  }): Tab
}

/** Tabs of one device: a real disk, a real channel and real locks; what leads in each writes down what it is asked. */
async function withTabs(use: (kit: Kit) => Promise<void>): Promise<void> {
  const pds = await startLocalPds()
  const device = randomUUID()
  const time = createManualTime()
  const locks = locksOf(device)
  const tabs: (Tab & { readonly end: () => Promise<void> })[] = []
  let nodes = 0
  try {
    await withLevel(async (storage) => {
      const open: Kit['open'] = ({ failures = 0, takes, closes, stands = false } = {}) => {
        const channel = openChannel(device)
        const done: string[] = []
        let left = failures
        const host: CairnHost = {
          ...createSyncKit(storage, pds).host,
          timers: time,
          siblings: undefined,
          persistence: { supported: false, persisted: async () => false },
        }
        const start = async (): Promise<Service> => {
          if (left-- > 0) {
            done.push('fail')
            throw new TypeError('no node today')
          }
          const self = `node-${++nodes}`
          done.push(`start ${self}`)
          return {
            ...noNetwork,
            status: async () => ({ ...OFF, role: 'leader', self }),
            copies: async (did) => [{ ...COPY, did, peer: self }],
            async namePeer(peer, name) {
              await takes
              done.push(`name ${peer} ${name}`)
            },
            repoChanged: (did) => void done.push(`changed ${did}`),
            moved: () => false,
            fetch: async (did) => {
              done.push(`fetch from ${self}`)
              return { did, snapshot: undefined, before: undefined }
            },
            fetchBlobs: () => Promise.reject(new TypeError('not here')),
            settingsChanged: () => {},
            accountsChanged: () => {},
            setRelays: (urls) => void done.push(`relays ${urls.join(' ')}`),
            get spaces(): never {
              throw new TypeError('no spaces here')
            },
            async close() {
              done.push(`close ${self}`)
              await closes
            },
          }
        }
        const tell = (event: CairnEvent): void => {
          for (const tab of tabs) tab.network.heard(event)
        }
        const network = createNetwork({
          host,
          network: {
            ...{ locks, channel, app: 'https://cairn.test', newId: randomUUID },
            ...{ context: 'page', direct: true, background: 'periodic' },
            startNode: () => Promise.reject(new TypeError('no node here')),
          },
          start,
          ...(stands ? { standing: standingOf(done) } : {}),
          emit: tell,
        })
        const tab = {
          network,
          done,
          leads: () => expect.poll(async () => (await network.api.status()).role).toBe('leader'),
          async end() {
            await network.close()
            channel.close()
          },
        }
        tabs.push(tab)
        return tab
      }
      try {
        await use({ storage, time, locks, open })
      } finally {
        for (const tab of tabs) await tab.end()
      }
    })
  } finally {
    await pds.close()
  }
}

const standingOf = (done: string[]): NonNullable<NetworkParts['standing']> => ({
  methods: [],
  async begin() {
    done.push('begin')
    return {
      api: {},
      connected: async (service) => void done.push(service === undefined ? 'disconnected' : 'connected'),
      close: async () => void done.push('end'),
    }
  },
})

const COPY = {
  name: undefined,
  kind: 'device',
  rev: undefined,
  state: 'unknown',
  answeredAt: undefined,
  challenge: undefined,
  online: true,
} as const

describe('two tabs', () => {
  it('are one network: one leads, the other says what that one says', () =>
    withTabs(async ({ open }) => {
      const one = open()
      await one.leads()
      const two = open()
      expect(await two.network.api.status()).toMatchObject({ role: 'follower', self: 'node-1' })
      expect(await two.network.api.copies(DID)).toMatchObject([{ did: DID, peer: 'node-1' }])
      await two.network.api.namePeer('x', 'Attic')
      expect(one.done).toEqual(['start node-1', 'name x Attic'])
      expect(two.done).toEqual([])
      expect(two.network.fromPeers()).toBeUndefined()
      expect(one.network.fromPeers()).toBeTypeOf('function')
    }))

  it('pass the lead on when the one that has it closes', () =>
    withTabs(async ({ open }) => {
      const one = open()
      await one.leads()
      const two = open()
      await two.network.api.status()
      await one.network.close()
      await two.leads()
      expect(one.done).toEqual(['start node-1', 'close node-1'])
      expect(two.done).toEqual(['start node-2'])
    }))

  it('do once what is asked while the lead passes on', () =>
    withTabs(async ({ open }) => {
      const takes = Promise.withResolvers<void>()
      const one = open({ takes: takes.promise })
      await one.leads()
      const two = open()
      await two.network.api.status()
      const named = two.network.api.namePeer('x', 'Attic')
      takes.resolve()
      await named
      await one.network.close()
      await two.leads()
      expect([...one.done, ...two.done].filter((it) => it.startsWith('name'))).toEqual(['name x Attic'])
      // What is asked before anyone leads is done by the first that does.
      await two.network.close()
      const three = open()
      await three.network.api.namePeer('y', 'Cellar')
      expect(three.done).toEqual(['start node-3', 'name y Cellar'])
    }))

  it('say what they can while the one that leads hangs, and go on without it', () =>
    withTabs(async ({ open, time, locks }) => {
      const hanging = Promise.withResolvers<void>()
      const held = locks.request('cairn-leader', {}, () => hanging.promise)
      const stolen = rejection(held)
      const one = open()
      const asked = one.network.api.status()
      const refused = rejection(one.network.api.challenge(DID, 'x'))
      await expect.poll(() => time.waiting()).toBe(3)
      await time.pass(10_000)
      expect(await refused).toMatchObject({ code: 'network.no-leader' })
      expect(await asked).toEqual({ ...OFF, role: 'follower', background: 'periodic' })
      expect(one.done).toEqual([])
      await time.pass(10_000)
      expect(await stolen).toMatchObject({ name: 'AbortError' })
      await one.leads()
      hanging.resolve()
    }))

  it('try again when the network cannot be started, and answer then', () =>
    withTabs(async ({ open, time }) => {
      const one = open({ failures: 1 })
      const asked = one.network.api.status()
      // The patience of the one that asked, its word that it leads, and the pause before the next try.
      await expect.poll(() => time.waiting()).toBe(3)
      expect(one.done).toEqual(['fail'])
      await time.pass(2000)
      expect(await asked).toMatchObject({ self: 'node-1' })
    }))

  it('leave what stands without a network as it is, and try less and less often', () =>
    withTabs(async ({ open, time }) => {
      const one = open({ failures: 8, stands: true })
      await expect.poll(() => one.done).toEqual(['begin', 'fail'])
      const tried = async (ms: number): Promise<number> => {
        const before = one.done.length
        await time.pass(ms)
        expect(one.done.slice(before).filter((it) => it !== 'fail')).toEqual([])
        return one.done.length - before
      }
      for (const pause of [2, 4, 8, 16, 32, 60]) {
        expect(await tried(pause * 1000 - 1)).toBe(0)
        expect(await tried(1)).toBe(1)
      }
      // a person changes what it is started with: that is tried at once
      await one.network.api.setSettings({ relayOnly: true })
      await expect.poll(() => one.done.filter((it) => it === 'fail')).toHaveLength(8)
      await time.pass(60_000)
      await expect.poll(() => one.done.at(-1)).toBe('connected')
      expect(one.done.filter((it) => it !== 'fail')).toEqual(['begin', 'start node-1', 'connected'])
    }))

  it('pass the lead on to a tab that waits for it when the network cannot be started in the one that has it', () =>
    withTabs(async ({ open, time, locks }) => {
      const one = open({ failures: 9, stands: true })
      await expect.poll(() => one.done).toEqual(['begin', 'fail'])
      const two = open({ stands: true })
      await expect.poll(async () => (await locks.query()).pending?.length).toBe(1)
      expect(two.done).toEqual([])
      await time.pass(2000)
      await expect.poll(() => two.done).toEqual(['begin', 'start node-1', 'connected'])
      expect(one.done).toEqual(['begin', 'fail', 'end'])
    }))
})

describe('off', () => {
  it('holds at once for every tab; what was known of copies stays, and on is on again', () =>
    withTabs(async ({ open, storage }) => {
      const one = open()
      await one.leads()
      const two = open()
      await two.network.api.status()
      await noteCopy(storage, DID, 'peer-1', { rev: '3lmztkjyh2k2a', answeredAt: 5 })
      await two.network.api.setSettings({ enabled: false })
      await expect.poll(() => one.done).toEqual(['start node-1', 'close node-1'])
      for (const { network } of [one, two]) {
        expect(await network.api.status()).toMatchObject({ role: 'off', background: 'periodic' })
        await expect(network.api.challenge(DID, 'peer-1')).rejects.toMatchObject({ code: 'network.off' })
        await expect(network.api.catchUp()).rejects.toMatchObject({ code: 'network.off' })
        expect(await network.api.copies(DID)).toMatchObject([
          { peer: 'peer-1', online: false, answeredAt: 5 },
        ])
        expect(await network.api.listed(DID)).toBe(true)
      }
      await one.network.api.setSettings({ enabled: true })
      await expect.poll(async () => (await two.network.api.status()).self).toBe('node-2')
    }))

  it('is remembered: nothing is started', () =>
    withTabs(async ({ open }) => {
      const one = open()
      await one.leads()
      await one.network.api.setSettings({ enabled: false })
      await one.network.close()
      const two = open()
      expect((await two.network.api.status()).role).toBe('off')
      await expect(two.network.api.challenge(DID, 'x')).rejects.toMatchObject({ code: 'network.off' })
      expect(two.done).toEqual([])
    }))
})

describe('settings', () => {
  it('restart the node only when they concern it', () =>
    withTabs(async ({ open }) => {
      const one = open()
      await one.leads()
      const two = open()
      await two.network.api.setSettings({ relays: ['https://relay.test'] })
      await expect.poll(() => one.done).toContain('relays https://relay.test/')
      expect(one.done.filter((it) => it.startsWith('start'))).toEqual(['start node-1'])
      await two.network.api.setSettings({ relayOnly: true })
      await expect.poll(() => one.done).toContain('start node-2')
      expect(one.done.indexOf('close node-1')).toBeLessThan(one.done.indexOf('start node-2'))
      // The same again is no change.
      await two.network.api.setSettings({ relayOnly: true })
      one.network.heard({ type: 'settings' })
      expect(await two.network.api.status()).toMatchObject({ role: 'follower', self: 'node-2' })
      await one.network.api.setSettings({ stun: ['stun:stun.test:3478'] })
      await expect.poll(() => one.done).toContain('start node-3')
    }))

  it('that restart the node let a transfer from peers wait for the new one', () =>
    withTabs(async ({ open }) => {
      const closes = Promise.withResolvers<void>()
      const one = open({ closes: closes.promise })
      await one.leads()
      await one.network.api.setSettings({ relayOnly: true })
      await expect.poll(() => one.done).toContain('close node-1')
      const fetch = one.network.fromPeers()
      const cancelled = new AbortController()
      const work = (signal: AbortSignal) => ({ signal }) as Work // all that waiting needs of it
      const asked = fetch?.(DID, work(new AbortController().signal))
      const dropped = rejection(fetch?.(DID, work(cancelled.signal)) ?? Promise.resolve())
      cancelled.abort()
      expect(await dropped).toMatchObject({ code: 'sync.cancelled' })
      closes.resolve()
      await asked
      expect(one.done.filter((it) => it.startsWith('fetch'))).toEqual(['fetch from node-2'])
    }))

  it('that make no sense are not taken', () =>
    withTabs(async ({ open }) => {
      const { network } = open()
      const before = await network.api.settings()
      const next = await network.api.setSettings({ relays: ['file:///etc/passwd'], stun: ['http://x'] })
      expect(next).toEqual(before)
    }))
})

it('word of repos goes to the service of the tab that leads', () =>
  withTabs(async ({ open }) => {
    const one = open()
    await one.leads()
    const two = open()
    two.network.heard({ type: 'repo', did: DID })
    one.network.heard({ type: 'repo', did: DID })
    expect(one.done).toContain(`changed ${DID}`)
    expect(two.done).toEqual([])
  }))
