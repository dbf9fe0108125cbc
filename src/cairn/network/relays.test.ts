import { describe, expect, it } from 'vitest'
import { NetError } from '../../net/errors.ts'
import { createManualTime } from '../../net/directory/testing/manual-time.ts'
import type { RelayAddress, RelayLink } from './host.ts'
import { createRelays, type RelayFacts } from './relays.ts'

const APP = 'https://cairn.test/'
const OTHER = 'https://other.test/'

const facts = (peerId: string, more: Partial<RelayFacts> = {}): RelayFacts => ({
  peerId,
  multiaddrs: [`/dns4/${peerId}/tcp/443/tls/ws/p2p/${peerId}`],
  store: false,
  shareable: true,
  ...more,
})

/** Relays over descriptions and links that the test decides. */
function setup(descriptions: Record<string, RelayFacts | NetError>) {
  const time = createManualTime()
  const links = new Map<string, RelayLink>()
  const told: (readonly RelayAddress[])[] = []
  const asked: string[] = []
  const listeners = new Set<() => void>()
  let changes = 0
  const relays = createRelays({
    app: APP,
    node: {
      async setRelays(addresses) {
        told.push(addresses)
        const wanted = new Set(addresses.map((it) => it.peerId))
        for (const peer of links.keys()) if (!wanted.has(peer)) links.delete(peer)
        for (const peerId of wanted) if (!links.has(peerId)) links.set(peerId, link(peerId, 'connecting'))
      },
      relays: async () => [...links.values()],
      onRelays(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    async describe(url) {
      asked.push(url)
      const said = descriptions[url] ?? new NetError('net.unreachable', { peer: url, tried: 1 })
      if (said instanceof NetError) throw said
      return said
    },
    timers: time,
    clock: time,
    onChange: () => void changes++,
  })
  return {
    relays,
    time,
    told,
    asked,
    descriptions,
    listeners,
    changes: () => changes,
    async say(peerId: string, state: RelayLink['state'], more: Partial<RelayLink> = {}) {
      links.set(peerId, { ...link(peerId, state), ...more })
      for (const listener of listeners) listener()
      await time.pass(0)
    },
    state: (url: string) => relays.status().find((it) => it.url === url),
  }
}

const link = (peerId: string, state: RelayLink['state']): RelayLink => ({
  peerId,
  state,
  ...{ latency: undefined, since: undefined, nextTryAt: undefined, error: undefined },
})

describe('relays', () => {
  it('are the app’s own server first, and connected by what it says of itself', async () => {
    const kit = setup({ [APP]: facts('own', { store: true }) })
    const { relays, time } = kit
    relays.set([])
    expect(relays.status()).toMatchObject([{ url: APP, own: true, state: 'connecting', peer: undefined }])
    await time.pass(0)
    expect(kit.told.at(-1)).toMatchObject([{ peerId: 'own', multiaddrs: facts('own').multiaddrs }])
    await kit.say('own', 'connected', { latency: 12, since: 5 })
    expect(relays.status()).toMatchObject([
      { peer: 'own', state: 'connected', store: true, latency: 12, since: 5, nextTryAt: undefined },
    ])
    expect(kit.changes()).toBeGreaterThan(0)
    relays.close()
    expect(time.waiting()).toBe(0)
  })

  it('are asked again with growing patience until the description comes', async () => {
    const kit = setup({})
    const { relays, time, asked, descriptions } = kit
    relays.set([])
    await time.pass(0)
    expect(kit.state(APP)).toMatchObject({
      state: 'unreachable',
      error: { code: 'net.unreachable' },
      nextTryAt: time.now() + 2000,
    })
    await time.pass(1999)
    expect(asked).toHaveLength(1)
    await time.pass(1)
    expect(asked).toHaveLength(2)
    expect(kit.state(APP)?.nextTryAt).toBe(time.now() + 4000)
    // Never longer than a minute.
    await time.pass(60 * 60_000)
    const tries = asked.length
    await time.pass(60_000)
    expect(asked).toHaveLength(tries + 1)
    descriptions[APP] = facts('own')
    await time.pass(60_000)
    expect(kit.state(APP)).toMatchObject({ state: 'connecting', peer: 'own', error: undefined })
    relays.close()
  })

  it('that are none are refused, with the reason', async () => {
    const kit = setup({ [APP]: new NetError('net.relay-invalid', { url: APP, reason: 'json' }) })
    const { relays, time } = kit
    relays.set([])
    await time.pass(0)
    expect(kit.state(APP)).toMatchObject({ state: 'refused', error: { fields: { reason: 'json' } } })
    await expect(relays.ask(APP)).rejects.toMatchObject({ code: 'net.relay-invalid' })
    await expect(relays.ask(OTHER)).rejects.toMatchObject({
      code: 'net.relay-invalid',
      fields: { reason: 'unknown' },
    })
    relays.close()
  })

  it('that were replaced are found under the same address', async () => {
    const kit = setup({ [APP]: facts('old') })
    const { relays, time, descriptions, told } = kit
    relays.set([])
    await time.pass(0)
    await kit.say('old', 'connected')
    descriptions[APP] = facts('new')
    await kit.say('old', 'unreachable', { nextTryAt: time.now() + 30_000 })
    await time.pass(5000)
    expect(told.at(-1)?.map((it) => it.peerId)).toEqual(['new'])
    await kit.say('new', 'connected')
    expect(relays.status()).toMatchObject([{ url: APP, peer: 'new', state: 'connected' }])
    relays.close()
  })

  it('are looked at now and then while all is well', async () => {
    const kit = setup({ [APP]: facts('old') })
    const { relays, time, descriptions, told, asked } = kit
    relays.set([])
    await time.pass(0)
    await kit.say('old', 'connected')
    const before = told.length
    await time.pass(5 * 60_000)
    expect(asked).toHaveLength(2)
    // The same as before is no news for the node.
    expect(told).toHaveLength(before)
    descriptions[APP] = facts('old', { stun: ['stun:stun.test:3478'] })
    await time.pass(5 * 60_000)
    expect(told).toHaveLength(before + 1)
    expect(told.at(-1)).toMatchObject([{ peerId: 'old', stun: ['stun:stun.test:3478'] }])
    descriptions[APP] = facts('new')
    await time.pass(5 * 60_000)
    expect(told.at(-1)?.map((it) => it.peerId)).toEqual(['new'])
    relays.close()
  })

  it('are left when they are removed, even while their description is on its way', async () => {
    const kit = setup({ [APP]: facts('own'), [OTHER]: facts('other') })
    const { relays, time, told } = kit
    relays.set([OTHER])
    await time.pass(0)
    expect(told.at(-1)?.map((it) => it.peerId)).toEqual(['own', 'other'])
    relays.set([])
    await time.pass(0)
    expect(told.at(-1)?.map((it) => it.peerId)).toEqual(['own'])
    expect(relays.status().map((it) => it.url)).toEqual([APP])
    relays.set([OTHER])
    relays.set([])
    await time.pass(10 * 60_000)
    expect(told.at(-1)?.map((it) => it.peerId)).toEqual(['own'])
    relays.close()
    expect(time.waiting()).toBe(0)
  })

  it('say when each was reached or has failed once', async () => {
    const kit = setup({ [APP]: facts('own') })
    const { relays, time } = kit
    relays.set([OTHER])
    let isReached = false
    const reached = relays.reached().then(() => (isReached = true))
    await time.pass(0)
    expect(kit.state(OTHER)?.state).toBe('unreachable')
    expect(isReached).toBe(false)
    await kit.say('own', 'connected')
    await reached
    relays.close()
    await relays.reached()
  })

  it('say so though one of those that are out of reach tries again at all times', async () => {
    const kit = setup({ [APP]: facts('own'), [OTHER]: facts('other') })
    const { relays, time } = kit
    relays.set([OTHER])
    await time.pass(0)
    const reached = relays.reached()
    await kit.say('own', 'unreachable')
    await kit.say('own', 'connecting')
    await kit.say('other', 'unreachable')
    await reached
    // Who asks now waits for what is tried now.
    let isReached = false
    const again = relays.reached().then(() => (isReached = true))
    await time.pass(0)
    expect(isReached).toBe(false)
    await kit.say('own', 'connected')
    await again
    relays.close()
  })

  it('keep nobody waiting after they are closed', async () => {
    const { relays, time, listeners } = setup({ [APP]: facts('own') })
    relays.set([])
    const reached = relays.reached()
    await time.pass(0)
    relays.close()
    await reached
    expect(listeners.size).toBe(0)
    expect(time.waiting()).toBe(0)
  })
})
