import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMessageReader, writeMessage } from '../messages.ts'
import { DIRECTORY_PROTOCOL, REQUEST_BYTES } from './limits.ts'
import type { DirectoryPeers } from './peers.ts'
import { createTopicProvider } from './provider.ts'
import { topicKey } from './topic.ts'
import { topicOf } from './testing/identities.ts'
import { createManualTime } from './testing/manual-time.ts'
import { createRig, type Rig } from './testing/rig.ts'
import { requestShape } from './wire.ts'

let rig: Rig
beforeEach(() => {
  rig = createRig()
})
afterEach(() => rig.close())

const topic = topicOf('repo')

/** A table in one process: who provides what. */
function createTable(): { of(self: string): DirectoryPeers; readonly asked: string[] } {
  const provided = new Map<string, Set<string>>()
  const asked: string[] = []
  return {
    asked,
    of: (self) => ({
      async provide(under) {
        const key = topicKey(under)
        provided.set(key, (provided.get(key) ?? new Set()).add(self))
      },
      async withdraw(under) {
        provided.get(topicKey(under))?.delete(self)
      },
      async findRelays(under) {
        asked.push(self)
        return [...(provided.get(topicKey(under)) ?? [])]
          .filter((peer) => peer !== self)
          .map((peer) => ({ peer, addresses: [] }))
      },
      onJoin: () => () => {},
    }),
  }
}

async function relays(names: readonly string[]) {
  const table = createTable()
  const made = await Promise.all(
    names.map(async (name) => {
      // The id of a relay comes from its name: made once to learn it.
      const { peer, server } = await rig.relay(name)
      server.close()
      return rig.relay(name, { dht: table.of(peer) })
    }),
  )
  return { table, made }
}

describe('relays that ask each other', () => {
  it('tell of a peer that announced to both once, with what it said last', async () => {
    const { made } = await relays(['one', 'two'])
    const [one, two] = made
    const [here, there] = [
      await rig.speaker('alice', one?.peer ?? ''),
      await rig.speaker('alice', two?.peer ?? ''),
    ]
    await here.announce(topic, { seq: 1, addresses: ['/old'] })
    await there.announce(topic, { seq: 2, addresses: ['/new'] })
    await rig.time.pass(0)
    const bob = await rig.device('bob', [one?.peer ?? ''])
    expect(await bob.directory.lookup(topic)).toMatchObject([{ addresses: ['/new'], seq: 2 }])
    expect(await bob.directory.find(here.peer)).toMatchObject({ addresses: ['/new'], seq: 2 })
  })

  it('leave out what another relay forges', async () => {
    const { table, made } = await relays(['one', 'liar'])
    const [one, liar] = made
    const alice = await rig.speaker('alice', one?.peer ?? '')
    const forged = await alice.seal(topic, { seq: 9 })
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    liar?.server.close()
    await table.of(liar?.peer ?? '').provide(topic)
    liar?.node.handle(DIRECTORY_PROTOCOL, async (stream) => {
      const reader = createMessageReader(stream, requestShape, REQUEST_BYTES)
      for (let asked = await reader.read(); asked !== undefined; asked = await reader.read())
        await writeMessage(stream, { type: 'ok', id: asked.id, records: [forged] })
    })
    const bob = await rig.speaker('bob', one?.peer ?? '')
    expect(await bob.ask({ type: 'lookup', topic, limit: 5 })).toMatchObject({ type: 'ok', records: [] })
    await alice.announce(topic)
    await rig.time.pass(10_000)
    expect(await bob.ask({ type: 'lookup', topic, limit: 5 })).toMatchObject({ records: [expect.anything()] })
  })

  it('do not make anyone wait long for one that keeps silent', async () => {
    const { table, made } = await relays(['one', 'silent'])
    const [one, silent] = made
    silent?.server.close()
    silent?.node.handle(DIRECTORY_PROTOCOL, async (stream) => {
      await stream.read()
      await new Promise(() => {})
    })
    await table.of(silent?.peer ?? '').provide(topic)
    const alice = await rig.speaker('alice', one?.peer ?? '')
    await alice.announce(topic)
    const bob = await rig.speaker('bob', one?.peer ?? '')
    await bob.say({ type: 'lookup', topic, limit: 5 })
    await rig.time.pass(3000)
    expect(await bob.hear()).toMatchObject({ type: 'ok', records: [expect.anything()] })
  })

  it('ask once for many questions about one topic', async () => {
    const { table, made } = await relays(['one', 'two'])
    const bob = await rig.speaker('bob', made[0]?.peer ?? '')
    for (let i = 0; i < 100; i++) await bob.ask({ type: 'lookup', topic, limit: 5 })
    expect(table.asked).toHaveLength(1)
  })

  it('tell a watcher that a peer is gone when neither has it any more', async () => {
    const { made } = await relays(['one', 'two'])
    const [one, two] = made.map(({ peer }) => peer)
    const [here, there] = [await rig.speaker('alice', one ?? ''), await rig.speaker('alice', two ?? '')]
    await here.announce(topic, { seq: 1 })
    await there.announce(topic, { seq: 1 })
    const bob = await rig.device('bob', [one ?? ''])
    const told: string[] = []
    bob.directory.watch(topic, ({ type }) => told.push(type))
    await rig.time.pass(1000)
    await here.ask({ type: 'unannounce', topic })
    await rig.time.pass(1000)
    expect(told).toEqual(['add'])
    await there.ask({ type: 'unannounce', topic })
    await rig.time.pass(1000)
    expect(told).toEqual(['add', 'remove'])
  })

  it('find a topic that comes to another relay while it is watched, within seconds', async () => {
    const { made } = await relays(['one', 'two'])
    const bob = await rig.device('bob', [made[0]?.peer ?? ''])
    const told: string[] = []
    bob.directory.watch(topic, ({ type, announcement }) => told.push(`${type} ${announcement.peer}`))
    await rig.time.pass(20_000)
    const alice = await rig.speaker('alice', made[1]?.peer ?? '')
    await alice.announce(topic)
    await rig.time.pass(6000)
    expect(told).toEqual([`add ${alice.peer}`])
  })
})

describe('a topic that is provided', () => {
  it('is tried again until someone takes note, and at once when a relay joins', async () => {
    const time = createManualTime()
    let joined = (): void => {}
    let tries = 0
    let alone = true
    const provider = createTopicProvider(
      {
        async provide() {
          tries++
          if (alone) throw new Error('alone')
        },
        withdraw: async () => {},
        findRelays: async () => [],
        onJoin(listener) {
          joined = listener
          return () => {}
        },
      },
      time,
    )
    provider.add(topic)
    await provider.settled()
    await time.pass(15_000)
    expect(tries).toBe(2)
    alone = false
    joined()
    await time.pass(0)
    expect(tries).toBe(3)
    await time.pass(60_000)
    expect(tries).toBe(3)
    provider.close()
    expect(time.waiting()).toBe(0)
  })
})
