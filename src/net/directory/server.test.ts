import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NetError } from '../errors.ts'
import { writeFrame } from '../frames.ts'
import { DIRECTORY_LIMITS, MAX_LOOKUP, REQUEST_BYTES } from './limits.ts'
import { openAnnouncement } from './record.ts'
import { topicOf } from './testing/identities.ts'
import { createRig, type Rig, type Speaker } from './testing/rig.ts'
import type { DirectoryAnswer } from './wire.ts'

let rig: Rig
beforeEach(() => {
  rig = createRig()
})
afterEach(() => rig.close())

const topic = topicOf('repo')
const now = (): number => rig.time.now()

async function peersIn(answer: DirectoryAnswer): Promise<string[]> {
  if (answer.type !== 'ok') throw new Error(answer.type)
  const opened = await Promise.all(answer.records.map((record) => openAnnouncement(record, { now: now() })))
  return opened.map(({ announcement }) => announcement.peer)
}
const lookup = async (who: Speaker, under = topic): Promise<string[]> =>
  peersIn(await who.ask({ type: 'lookup', topic: under, limit: 10 }))

describe('a directory server', () => {
  it('gives announcements to whoever looks up their topic or finds their peer', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.speaker('alice', relay.peer), await rig.speaker('bob', relay.peer)]
    expect(await alice.announce(topic)).toEqual({ type: 'ok', id: 1, records: [] })
    expect(await lookup(bob)).toEqual([alice.peer])
    expect(await lookup(bob, topicOf('other'))).toEqual([])
    expect(await peersIn(await bob.ask({ type: 'find', peer: alice.peer }))).toEqual([alice.peer])
    expect(await peersIn(await bob.ask({ type: 'find', peer: bob.peer }))).toEqual([])
    expect(await bob.ask({ type: 'ping' })).toMatchObject({ type: 'ok' })
    expect(relay.server.counts()).toMatchObject({ announcements: 1, topics: 1, peers: 1, streams: 2 })
  })

  it('matches answers to requests by their id', async () => {
    const relay = await rig.relay('relay')
    const alice = await rig.speaker('alice', relay.peer)
    await alice.say({ type: 'ping', id: 70 })
    await alice.say({ type: 'lookup', topic, limit: 1, id: 3 })
    expect([(await alice.hear()).id, (await alice.hear()).id]).toEqual([70, 3])
  })

  it('refuses announcements that prove nothing, and holds none of them', async () => {
    const relay = await rig.relay('relay')
    const [alice, mallory] = [
      await rig.speaker('alice', relay.peer),
      await rig.speaker('mallory', relay.peer),
    ]
    const say = async (record: Uint8Array, under = topic): Promise<DirectoryAnswer> =>
      mallory.ask({ type: 'announce', topic: under, record, ttl: 60_000 })
    const refusal = (reason: string): object => ({ type: 'error', code: 'net.record-invalid', reason })

    expect(await say(await alice.seal(topic))).toMatchObject(refusal('peer'))
    expect(await say(await mallory.seal(topic, { peer: alice.peer }))).toMatchObject(refusal('peer'))
    expect(await say(await mallory.seal(topicOf('other')))).toMatchObject(refusal('topic'))
    expect(await say(await mallory.seal(topic, { expiresAt: now() }))).toMatchObject(refusal('expired'))
    expect(await say(await mallory.seal(topic, { expiresAt: now() + 9e6 }))).toMatchObject(refusal('too-far'))
    const forged = await mallory.seal(topic)
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    expect(await say(forged)).toMatchObject(refusal('signature'))
    expect(await say(new Uint8Array(5))).toMatchObject(refusal('envelope'))
    expect(relay.server.counts()).toMatchObject({ announcements: 0, topics: 0, peers: 0, refused: 7 })
  })

  it('refuses an older announcement than it holds, and takes the same one again', async () => {
    const relay = await rig.relay('relay')
    const alice = await rig.speaker('alice', relay.peer)
    const record = await alice.seal(topic, { seq: 5 })
    const again = (): Promise<DirectoryAnswer> => alice.ask({ type: 'announce', topic, record, ttl: 60_000 })
    expect(await again()).toMatchObject({ type: 'ok' })
    expect(await again()).toMatchObject({ type: 'ok' })
    const older = { type: 'error', code: 'net.record-invalid', reason: 'older' }
    expect(await alice.announce(topic, { seq: 4 })).toMatchObject(older)
    expect(await alice.announce(topic, { seq: 5, addresses: ['/y'] })).toMatchObject(older)
    expect(await alice.announce(topic, { seq: 6 })).toMatchObject({ type: 'ok' })
  })

  it('takes back what its peer takes back, and nothing of others', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.speaker('alice', relay.peer), await rig.speaker('bob', relay.peer)]
    await alice.announce(topic)
    await bob.ask({ type: 'unannounce', topic })
    expect(await lookup(bob)).toEqual([alice.peer])
    await alice.ask({ type: 'unannounce', topic })
    expect(await lookup(bob)).toEqual([])
  })

  it('forgets announcements when they end, or earlier when asked to', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.speaker('alice', relay.peer), await rig.speaker('bob', relay.peer)]
    await alice.announce(topic, { expiresAt: now() + 60_000 })
    const record = await bob.seal(topic, { expiresAt: now() + 60_000 })
    await bob.ask({ type: 'announce', topic, record, ttl: 10_000 })
    await rig.time.pass(11_000)
    expect(await lookup(bob)).toEqual([alice.peer])
    await rig.time.pass(49_000)
    expect(await lookup(bob)).toEqual([])
    expect(relay.server.counts()).toMatchObject({ announcements: 0, topics: 0, peers: 0 })
    expect(rig.time.waiting()).toBe(0)
  })

  it('forgets a peer whose last stream is gone for half a minute, unless it comes back', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.speaker('alice', relay.peer), await rig.speaker('bob', relay.peer)]
    const record = await alice.seal(topic, { expiresAt: now() + 600_000 })
    await alice.ask({ type: 'announce', topic, record, ttl: 600_000 })
    await rig.time.pass(20_000)
    alice.stream.abort()
    await rig.time.pass(29_000)
    const back = await rig.speaker('alice', relay.peer)
    await back.ask({ type: 'ping' })
    await rig.time.pass(60_000)
    expect(await lookup(bob)).toEqual([alice.peer])
    back.stream.abort()
    await rig.time.pass(31_000)
    expect(await lookup(bob)).toEqual([])
  })

  it('tells watchers what is there, what comes, what changes and what goes', async () => {
    const relay = await rig.relay('relay')
    const [alice, bob] = [await rig.speaker('alice', relay.peer), await rig.speaker('bob', relay.peer)]
    const carol = await rig.speaker('carol', relay.peer)
    await alice.announce(topic)
    expect(await peersIn(await bob.ask({ type: 'watch', topic, id: 42 }))).toEqual([alice.peer])
    await carol.announce(topic)
    const added = await bob.hear()
    expect(added).toMatchObject({ type: 'add', id: 42 })
    await carol.announce(topic, { addresses: ['/new'] })
    const changed = await bob.hear()
    expect(changed.type === 'add' && (await openAnnouncement(changed.record, { now: now() }))).toMatchObject({
      announcement: { peer: carol.peer, addresses: ['/new'] },
    })
    await alice.ask({ type: 'unannounce', topic })
    expect(await bob.hear()).toEqual({ type: 'gone', id: 42, peer: alice.peer })
    await rig.time.pass(61_000)
    expect(await bob.hear()).toEqual({ type: 'gone', id: 42, peer: carol.peer })

    expect(await bob.ask({ type: 'unwatch', watch: 42 })).toMatchObject({ type: 'ok' })
    await alice.announce(topic, { seq: 50 })
    expect(await bob.ask({ type: 'ping', id: 99 })).toMatchObject({ id: 99 })
    expect(relay.server.counts().watches).toBe(0)
  })

  it('forgets the watches of a stream that ended', async () => {
    const relay = await rig.relay('relay')
    const bob = await rig.speaker('bob', relay.peer)
    await bob.ask({ type: 'watch', topic })
    expect(relay.server.counts().watches).toBe(1)
    bob.stream.abort()
    await rig.time.pass(0)
    expect(relay.server.counts()).toMatchObject({ watches: 0, streams: 0 })
  })

  it('shows all of a large topic over several lookups', async () => {
    const relay = await rig.relay('relay')
    const names = Array.from({ length: 30 }, (_, i) => `peer ${i}`)
    const peers = await Promise.all(names.map((name) => rig.speaker(name, relay.peer)))
    for (const peer of peers) await peer.announce(topic)
    const asker = await rig.speaker('asker', relay.peer)
    const seen = [await lookup(asker), await lookup(asker), await lookup(asker)]
    expect(seen.map((found) => found.length)).toEqual([10, 10, 10])
    expect(new Set(seen.flat()).size).toBe(30)
    const most = await asker.ask({ type: 'lookup', topic, limit: 1e9 })
    expect((await peersIn(most)).length).toBe(Math.min(30, MAX_LOOKUP))
  })
})

describe('the limits of a directory server', () => {
  const limit = (what: string, at: number): object => ({
    type: 'error',
    code: 'net.limit',
    reason: what,
    limit: at,
  })

  it('hold per peer, per topic, per address and in all', async () => {
    const hosts = new Map<string, string>()
    const relay = await rig.relay('relay', {
      limits: { topicsPerPeer: 2, peersPerTopic: 3, perAddress: 4, inAll: 6 },
      hostOf: (peer) => hosts.get(peer),
    })
    const speakers = new Map<string, Speaker>()
    for (const [name, host] of [
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
      ['d', '2'],
      ['e', '3'],
      ['f', '4'],
    ] as const) {
      const speaker = await rig.speaker(name, relay.peer)
      speakers.set(name, speaker)
      hosts.set(speaker.peer, host)
    }
    const announce = async (name: string, under: string): Promise<DirectoryAnswer | undefined> =>
      speakers.get(name)?.announce(topicOf(under))
    expect(await announce('a', 't1')).toMatchObject({ type: 'ok' })
    expect(await announce('a', 't2')).toMatchObject({ type: 'ok' })
    expect(await announce('a', 't3')).toMatchObject(limit('topics-per-peer', 2))
    expect(await announce('b', 't1')).toMatchObject({ type: 'ok' })
    expect(await announce('b', 't2')).toMatchObject({ type: 'ok' })
    expect(await announce('c', 't9')).toMatchObject(limit('per-address', 4))
    expect(await announce('d', 't1')).toMatchObject({ type: 'ok' })
    expect(await announce('e', 't1')).toMatchObject(limit('peers-per-topic', 3))
    expect(await announce('e', 't2')).toMatchObject({ type: 'ok' })
    expect(await announce('f', 't7')).toMatchObject(limit('announcements', 6))
    // What a peer holds already it can renew, and what ends makes room.
    expect(await announce('a', 't1')).toMatchObject({ type: 'ok' })
    await speakers.get('a')?.ask({ type: 'unannounce', topic: topicOf('t2') })
    expect(await announce('c', 't9')).toMatchObject({ type: 'ok' })
    expect(relay.server.counts()).toMatchObject({ announcements: 6 })
  })

  it('hold for watches and streams', async () => {
    const relay = await rig.relay('relay', {
      limits: { watchesPerPeer: 1, watchesInAll: 2, streamsPerPeer: 2 },
    })
    const [a, b, c] = [
      await rig.speaker('a', relay.peer),
      await rig.speaker('b', relay.peer),
      await rig.speaker('c', relay.peer),
    ]
    expect(await a.ask({ type: 'watch', topic })).toMatchObject({ type: 'ok' })
    expect(await a.ask({ type: 'watch', topic })).toMatchObject(limit('watches-per-peer', 1))
    expect(await b.ask({ type: 'watch', topic })).toMatchObject({ type: 'ok' })
    expect(await c.ask({ type: 'watch', topic })).toMatchObject(limit('watches', 2))

    const second = await rig.speaker('a', relay.peer)
    expect(await second.ask({ type: 'ping' })).toMatchObject({ type: 'ok' })
    const third = await rig.speaker('a', relay.peer)
    await expect(third.ask({ type: 'ping' })).rejects.toBeInstanceOf(NetError)
    expect(await a.ask({ type: 'ping' })).toMatchObject({ type: 'ok' })
  })

  it('cut a stream that sends what no request is', async () => {
    const relay = await rig.relay('relay')
    for (const bytes of [new Uint8Array([0xff]), new Uint8Array([0xa0]), new Uint8Array(REQUEST_BYTES + 1)]) {
      const mallory = await rig.speaker('mallory', relay.peer)
      await writeFrame(mallory.stream, bytes)
      await expect(mallory.hear()).rejects.toMatchObject({ code: 'net.reset' })
    }
    await rig.time.pass(0)
    expect(relay.server.counts().streams).toBe(0)
  })

  it('cut a watcher that does not read, and nobody else', async () => {
    const relay = await rig.relay('relay', { limits: { unreadBytes: 8 * 1024 } })
    const [slow, alice] = [await rig.speaker('slow', relay.peer), await rig.speaker('alice', relay.peer)]
    await slow.ask({ type: 'watch', topic })
    const addresses = Array.from({ length: 12 }, (_, i) => `/${'z'.repeat(300)}${i}`)
    for (let i = 0; i < 100 && relay.server.counts().streams === 2; i++)
      await alice.announce(topic, { addresses })
    expect(relay.server.counts()).toMatchObject({ streams: 1, watches: 0 })
    expect(await alice.ask({ type: 'ping' })).toMatchObject({ type: 'ok' })
    expect(DIRECTORY_LIMITS.unreadBytes).toBeGreaterThan(8 * 1024)
  })
})
