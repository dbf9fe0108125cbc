import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RelayDirectory } from './client.ts'
import { topicOf } from './testing/identities.ts'
import { type Device, type DhtRelay, startDevice, startDhtRelay } from './testing/real-relays.ts'

/** Resolves at the first change of this kind. */
function change(
  directory: RelayDirectory,
  topic: Uint8Array,
  type: 'add' | 'remove',
  peer: string,
): Promise<void> {
  return new Promise((resolve) => {
    const stop = directory.watch(topic, (told) => {
      if (told.type !== type || told.announcement.peer !== peer) return
      queueMicrotask(() => stop())
      resolve()
    })
  })
}

describe('three relays in one table', () => {
  let relays: [DhtRelay, DhtRelay, DhtRelay]
  let devices: [Device, Device, Device]
  beforeAll(async () => {
    relays = await Promise.all([startDhtRelay(), startDhtRelay(), startDhtRelay()])
    // In a row: the first and the last learn of each other through the one between.
    await relays[0].join(relays[1])
    await relays[2].join(relays[1])
    devices = await Promise.all([
      startDevice([relays[0]]),
      startDevice([relays[1]]),
      startDevice([relays[2]]),
    ])
  })
  afterAll(async () => {
    await Promise.all((devices ?? []).map((device) => device.stop()))
    await Promise.all((relays ?? []).map((relay) => relay.stop()))
  })

  it('answer for each other when a topic is looked up', async () => {
    const topic = topicOf('looked up')
    const [alice, , carol] = devices
    await alice.directory.announce(topic)
    await relays[0].server.provided()
    const found = await carol.directory.lookup(topic)
    expect(found.map(({ peer }) => peer)).toEqual([alice.node.self])
    expect(found[0]?.addresses).toEqual(alice.node.addresses())
  })

  it('answer for each other when a peer is looked for by its id', async () => {
    const [, bob, carol] = devices
    await carol.directory.announce(topicOf('whatever'))
    await relays[2].server.provided()
    expect((await bob.directory.find(carol.node.self))?.peer).toBe(carol.node.self)
  })

  it('merge what they hold, each peer once', async () => {
    const topic = topicOf('of many')
    const [alice, bob, carol] = devices
    await Promise.all([alice.directory.announce(topic), bob.directory.announce(topic)])
    await Promise.all(relays.map((relay) => relay.server.provided()))
    const found = await carol.directory.lookup(topic)
    expect(found.map(({ peer }) => peer).toSorted()).toEqual([alice.node.self, bob.node.self].toSorted())
  })

  it('push what comes and goes at another relay', async () => {
    const topic = topicOf('watched')
    const [alice, , carol] = devices
    const came = change(carol.directory, topic, 'add', alice.node.self)
    const went = change(carol.directory, topic, 'remove', alice.node.self)
    await alice.directory.announce(topic)
    await expect(came).resolves.toBeUndefined()
    await alice.directory.unannounce(topic)
    await expect(went).resolves.toBeUndefined()
  })

  it('give no more than a relay that asks on behalf of another holds itself', async () => {
    const topic = topicOf('not passed on')
    const [alice, bob] = devices
    await alice.directory.announce(topic)
    await relays[0].server.provided()
    const before = relays[0].server.counts().requests
    await bob.directory.lookup(topic)
    // Asked once, by the relay of the asker; nothing goes round.
    expect(relays[0].server.counts().requests - before).toBe(1)
  })
})

describe('a relay that was alone', () => {
  it('tells of its topics once another comes', async () => {
    const [first, second] = await Promise.all([startDhtRelay(), startDhtRelay()])
    const [alice, bob] = await Promise.all([startDevice([first]), startDevice([second])])
    try {
      const topic = topicOf('early')
      await alice.directory.announce(topic)
      expect(await bob.directory.lookup(topicOf('nothing'))).toEqual([])
      const came = change(bob.directory, topic, 'add', alice.node.self)
      await first.join(second)
      await expect(came).resolves.toBeUndefined()
    } finally {
      await Promise.all([alice.stop(), bob.stop()])
      await Promise.all([first.stop(), second.stop()])
    }
  })
})
