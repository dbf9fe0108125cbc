import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMessageReader, writeMessage } from '../messages.ts'
import type { ByteStream } from '../net.ts'
import { createDirectory, type RelayDirectory } from './client.ts'
import { DIRECTORY_PROTOCOL, REQUEST_BYTES } from './limits.ts'
import { createSequence, identity, topicOf } from './testing/identities.ts'
import { createRig, type Rig } from './testing/rig.ts'
import { type DirectoryRequest, requestShape } from './wire.ts'

let rig: Rig
beforeEach(() => {
  rig = createRig()
})
afterEach(() => rig.close())

const topic = topicOf('repo')

const peersOf = async (directory: RelayDirectory, under = topic): Promise<string[]> =>
  (await directory.lookup(under)).map(({ peer }) => peer).toSorted()

/** What a watch told, as lines. */
function record(directory: RelayDirectory, names: Readonly<Record<string, string>>): string[] {
  const told: string[] = []
  directory.watch(topic, ({ type, announcement }) =>
    told.push(`${type} ${names[announcement.peer] ?? announcement.peer}`),
  )
  return told
}

/** A relay that answers as the test says. */
async function lyingRelay(
  name: string,
  answer: (request: DirectoryRequest, stream: ByteStream) => Promise<object | undefined>,
): Promise<string> {
  const relay = await rig.relay(name)
  relay.server.close()
  relay.node.handle(DIRECTORY_PROTOCOL, async (stream) => {
    const reader = createMessageReader(stream, requestShape, REQUEST_BYTES)
    for (let request = await reader.read(); request !== undefined; request = await reader.read()) {
      const said = await answer(request, stream)
      if (said !== undefined) await writeMessage(stream, said)
    }
  })
  return relay.peer
}

describe('a directory', () => {
  it('announces, looks up, finds, and leaves itself out', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.device('alice', [relay.peer]), await rig.device('bob', [relay.peer])]
    await alice.directory.announce(topic)
    await bob.directory.announce(topic)
    expect(await peersOf(alice.directory)).toEqual([bob.peer])
    expect(await bob.directory.find(alice.peer)).toMatchObject({
      peer: alice.peer,
      topic,
      addresses: alice.node.addresses(),
    })
    expect(await bob.directory.find(relay.peer)).toBeUndefined()
    await alice.directory.unannounce(topic)
    expect(await peersOf(bob.directory)).toEqual([])
  })

  it('announces again before an announcement ends, for as long as it is open', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.device('alice', [relay.peer]), await rig.device('bob', [relay.peer])]
    await alice.directory.announce(topic)
    const first = await bob.directory.find(alice.peer)
    await rig.time.pass(60 * 60_000)
    const later = await bob.directory.find(alice.peer)
    expect(later?.seq).toBeGreaterThan(first?.seq ?? Infinity)
    expect(later?.expiresAt).toBeGreaterThan(rig.time.now())
    await alice.directory.close()
    await rig.time.pass(31_000)
    expect(await peersOf(bob.directory)).toEqual([])
  })

  it('announces again when its addresses change, once for several changes', async () => {
    const relay = await rig.relay('relay')
    let addresses: string[] = []
    const listeners = new Set<() => void>()
    const alice = await rig.device('alice', [relay.peer], {
      addresses: () => addresses,
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    })
    const bob = await rig.device('bob', [relay.peer])
    await alice.directory.announce(topic)
    const before = await bob.directory.find(alice.peer)
    expect(before?.addresses).toEqual([])
    for (const more of ['/a', '/b']) {
      addresses = [...addresses, more]
      for (const listener of listeners) listener()
    }
    await rig.time.pass(1000)
    const after = await bob.directory.find(alice.peer)
    expect(after).toMatchObject({ addresses: ['/a', '/b'], seq: (before?.seq ?? 0) + 1 })
  })

  it('is found all the time though its clock is minutes behind', async () => {
    const relay = await rig.relay('relay')
    const bob = await rig.device('bob', [relay.peer])
    const alice = await identity('alice')
    const clock = { now: () => rig.time.now() - 9 * 60_000 }
    const directory = createDirectory({
      ...{ net: rig.network.node(alice.peer), key: alice.key, sequence: createSequence() },
      ...{ clock, timers: rig.time, random: () => 0.5, relays: [relay.peer] },
    })
    const told = record(bob.directory, { [alice.peer]: 'alice' })
    await directory.announce(topic)
    for (let minutes = 0; minutes < 30; minutes++) {
      await rig.time.pass(60_000)
      expect(await peersOf(bob.directory)).toEqual([alice.peer])
    }
    expect(new Set(told)).toEqual(new Set(['add alice']))
    await directory.close()
  })

  it('is found again at once when it wakes from a long sleep', async () => {
    let slept = 0
    const clock = { now: () => rig.time.now() + slept }
    const relay = await rig.relay('relay', { clock })
    const bob = await rig.device('bob', [relay.peer])
    const alice = await identity('alice')
    const directory = createDirectory({
      ...{ net: rig.network.node(alice.peer), key: alice.key, sequence: createSequence() },
      ...{ clock, timers: rig.time, random: () => 0.5, relays: [relay.peer] },
    })
    await directory.announce(topic)
    expect(await peersOf(bob.directory)).toEqual([alice.peer])
    rig.network.cut(alice.peer)
    slept = 30 * 60_000
    rig.network.mend(alice.peer)
    await rig.time.pass(5000)
    expect(await peersOf(bob.directory)).toEqual([alice.peer])
    await directory.close()
  })

  it('tries a relay that breaks off after each greeting seldom, as one that is away', async () => {
    let greetings = 0
    const relay = await lyingRelay('relay', async ({ type, id }, stream) => {
      if (type !== 'ping') stream.abort()
      else greetings++
      return type === 'ping' ? { type: 'ok', id, records: [] } : undefined
    })
    const alice = await rig.device('alice', [relay])
    await alice.directory.announce(topic).catch(() => {})
    await rig.time.pass(5 * 60_000)
    expect(greetings).toBeGreaterThan(20)
    expect(greetings).toBeLessThan(50)
  })

  it('is told of what comes and goes', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.device('alice', [relay.peer]), await rig.device('bob', [relay.peer])]
    const told = record(bob.directory, { [alice.peer]: 'alice', [bob.peer]: 'bob' })
    await bob.directory.announce(topic)
    await alice.directory.announce(topic)
    await rig.time.pass(0)
    await alice.directory.unannounce(topic)
    await rig.time.pass(0)
    expect(told).toEqual(['add alice', 'remove alice'])
  })

  it('rejects with no relay, and has announced once there is one', async () => {
    const alice = await rig.device('alice', [])
    await expect(alice.directory.announce(topic)).rejects.toMatchObject({ code: 'net.no-relay' })
    await expect(alice.directory.lookup(topic)).rejects.toMatchObject({ code: 'net.no-relay' })
    await expect(alice.directory.find(alice.peer)).rejects.toMatchObject({ code: 'net.no-relay' })
    const relay = await rig.relay('relay')
    alice.directory.setRelays([relay.peer])
    await rig.time.pass(0)
    expect(alice.directory.connected()).toEqual([relay.peer])
    expect(relay.server.counts().announcements).toBe(1)
  })

  it('has told a relay everything again within seconds after it comes back', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.device('alice', [relay.peer]), await rig.device('bob', [relay.peer])]
    const told = record(bob.directory, { [alice.peer]: 'alice' })
    await alice.directory.announce(topic)
    await rig.time.pass(0)
    relay.server.close()
    rig.network.cut(relay.peer)
    await rig.time.pass(15_000)
    expect(alice.directory.connected()).toEqual([])
    // The same relay, with nothing in its memory.
    const again = await rig.relay('relay')
    rig.network.mend(relay.peer)
    await rig.time.pass(10_000)
    expect(again.server.counts()).toMatchObject({ announcements: 1, watches: 1 })
    expect(await peersOf(bob.directory)).toEqual([alice.peer])
    expect(told).toEqual(['add alice'])
  })

  it('takes for gone what only a lost relay told of', async () => {
    const [near, far] = [await rig.relay('near'), await rig.relay('far')]
    const [alice, carol] = [
      await rig.device('alice', [near.peer]),
      await rig.device('carol', [near.peer, far.peer]),
    ]
    const bob = await rig.device('bob', [near.peer, far.peer])
    const told = record(bob.directory, { [alice.peer]: 'alice', [carol.peer]: 'carol' })
    await alice.directory.announce(topic)
    await carol.directory.announce(topic)
    await rig.time.pass(0)
    expect(told.toSorted()).toEqual(['add alice', 'add carol'])
    near.server.close()
    rig.network.cut(near.peer)
    await rig.time.pass(40_000)
    expect(told.slice(2)).toEqual(['remove alice'])
    bob.directory.setRelays([])
    expect(told.slice(3)).toEqual(['remove carol'])
  })

  it('asks again for a watch that a relay had no room for', async () => {
    const relay = await rig.relay('relay', { limits: { watchesPerPeer: 1 } })
    const [alice, bob] = [await rig.device('alice', [relay.peer]), await rig.device('bob', [relay.peer])]
    const stop = bob.directory.watch(topicOf('another'), () => {})
    const told = record(bob.directory, { [alice.peer]: 'alice' })
    await rig.time.pass(1000)
    await alice.directory.announce(topic)
    await rig.time.pass(120_000)
    expect(told).toEqual([])
    stop()
    await rig.time.pass(120_000)
    expect(told).toEqual(['add alice'])
    await alice.directory.unannounce(topic)
    await rig.time.pass(0)
    expect(told).toEqual(['add alice', 'remove alice'])
  })

  it('resumes a request on another relay when one breaks', async () => {
    const good = await rig.relay('good')
    const breaking = await lyingRelay('breaking', async ({ type, id }, stream) => {
      if (type === 'ping') return { type: 'ok', id, records: [] }
      stream.abort()
      return undefined
    })
    const alice = await rig.device('alice', [good.peer])
    await alice.directory.announce(topic)
    const bob = await rig.device('bob', [breaking])
    await rig.time.pass(0)
    const asked = peersOf(bob.directory)
    await rig.time.pass(0)
    bob.directory.setRelays([good.peer])
    await rig.time.pass(0)
    expect(await asked).toEqual([alice.peer])
  })

  it('waits for a relay that broke off in mid-request, and gives up when it stays away', async () => {
    const breaking = await lyingRelay('breaking', async ({ type, id }, stream) => {
      if (type === 'ping') return { type: 'ok', id, records: [] }
      stream.abort()
      return undefined
    })
    const bob = await rig.device('bob', [breaking])
    await rig.time.pass(0)
    const asked = bob.directory.lookup(topic).catch((error: unknown) => error)
    rig.network.cut(breaking)
    await rig.time.pass(60_000)
    expect(await asked).toMatchObject({ code: 'net.no-relay' })
  })

  it('does not wait for a relay that keeps silent while another answers', async () => {
    const good = await rig.relay('good')
    const silent = await lyingRelay('silent', async ({ type, id }) =>
      type === 'ping' ? { type: 'ok', id, records: [] } : undefined,
    )
    const alice = await rig.device('alice', [good.peer])
    await alice.directory.announce(topic)
    const bob = await rig.device('bob', [silent, good.peer])
    await rig.time.pass(0)
    const asked = peersOf(bob.directory)
    await rig.time.pass(1000)
    expect(await asked).toEqual([alice.peer])
  })

  it('drops a relay that answers nothing', async () => {
    const silent = await lyingRelay('silent', async () => undefined)
    const bob = await rig.device('bob', [silent])
    await rig.time.pass(30_000)
    expect(bob.directory.connected()).toEqual([])
    const announced = bob.directory.announce(topic).catch((error: unknown) => error)
    await rig.time.pass(30_000)
    expect(await announced).toMatchObject({ code: 'net.no-relay' })
  })

  it('believes no relay: what is forged, replayed, or not asked for is left out', async () => {
    const honest = await rig.relay('honest')
    const alice = await rig.speaker('alice', honest.peer)
    const mallory = await rig.speaker('mallory', honest.peer)
    const good = await alice.seal(topic)
    const old = await alice.seal(topic, { seq: 0, addresses: ['/old'] })
    const forged = good.slice()
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    const records = [
      old,
      good,
      forged,
      await mallory.seal(topicOf('other')),
      await mallory.seal(topic, { expiresAt: rig.time.now() - 1 }),
      await mallory.seal(topic, { peer: alice.peer }),
    ]
    const liar = await lyingRelay('liar', async ({ type, id }) =>
      type === 'ping' ? { type: 'ok', id, records: [] } : { type: 'ok', id, records },
    )
    const bob = await rig.device('bob', [liar])
    const told = record(bob.directory, { [alice.peer]: 'alice', [mallory.peer]: 'mallory' })
    expect(await bob.directory.lookup(topic)).toMatchObject([{ peer: alice.peer, addresses: ['/x'] }])
    expect(await bob.directory.find(mallory.peer)).toMatchObject({ peer: mallory.peer })
    expect(await bob.directory.find(bob.peer)).toBeUndefined()
    await rig.time.pass(0)
    expect(told).toEqual(['add alice'])
  })

  it('tells what a relay refuses with', async () => {
    const relay = await rig.relay('relay', { limits: { topicsPerPeer: 1 } })
    const alice = await rig.device('alice', [relay.peer])
    await alice.directory.announce(topic)
    await expect(alice.directory.announce(topicOf('second'))).rejects.toMatchObject({
      code: 'net.limit',
      fields: { reason: 'topics-per-peer', limit: 1, peer: relay.peer },
    })
  })

  it('can be cancelled, and closed', async () => {
    const silent = await lyingRelay('silent', async ({ type, id }) =>
      type === 'ping' ? { type: 'ok', id, records: [] } : undefined,
    )
    const bob = await rig.device('bob', [silent])
    const cancel = new AbortController()
    const asked = bob.directory.lookup(topic, { signal: cancel.signal })
    cancel.abort()
    await expect(asked).rejects.toMatchObject({ code: 'net.cancelled' })
    const waiting = bob.directory.lookup(topic)
    await rig.time.pass(0)
    await bob.directory.close()
    await expect(waiting).rejects.toMatchObject({ code: 'net.closed' })
    await expect(bob.directory.lookup(topic)).rejects.toMatchObject({ code: 'net.closed' })
    await rig.time.pass(0)
    expect(rig.time.waiting()).toBe(0)
  })

  it('refuses a topic that is none', async () => {
    const relay = await rig.relay('relay')
    const bob = await rig.device('bob', [relay.peer])
    const error = { code: 'net.malformed', fields: { reason: 'topic' } }
    await expect(bob.directory.announce(new Uint8Array(31))).rejects.toMatchObject(error)
    await expect(bob.directory.lookup(new Uint8Array(33))).rejects.toMatchObject(error)
  })

  it('carries a thousand topics over one link', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.device('alice', [relay.peer]), await rig.device('bob', [relay.peer])]
    const topics = Array.from({ length: 1000 }, (_, i) => topicOf(`repo ${i}`))
    await Promise.all(topics.map((one) => alice.directory.announce(one)))
    expect(relay.server.counts().announcements).toBe(1000)
    const found = await Promise.all(topics.map((one) => peersOf(bob.directory, one)))
    expect(found.every(([peer]) => peer === alice.peer)).toBe(true)
  })
})
