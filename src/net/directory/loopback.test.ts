import { afterEach, beforeEach, expect, it } from 'vitest'
import { createDirectory, type RelayDirectory } from './client.ts'
import { openLoopback } from './loopback.ts'
import type { DirectoryServerOptions } from './server.ts'
import { createSequence, topicOf } from './testing/identities.ts'
import { createRig, type Rig } from './testing/rig.ts'

let rig: Rig
beforeEach(() => {
  rig = createRig()
})
afterEach(() => rig.close())

type Relay = Awaited<ReturnType<Rig['relay']>>

/** A relay, and a directory that is used in its own process. */
async function start(
  options: Partial<DirectoryServerOptions> = {},
): Promise<Relay & { readonly directory: RelayDirectory }> {
  const relay = await rig.relay('relay', options)
  const directory = createDirectory({
    net: relay.node,
    key: relay.key,
    sequence: createSequence(),
    clock: rig.time,
    timers: rig.time,
    random: () => 0.5,
    relays: [relay.peer],
    open: async () => openLoopback(relay.server, relay.peer),
  })
  return { ...relay, directory }
}

it('a relay announces and looks up at its own directory', async () => {
  const { directory, ...relay } = await start()
  const topic = topicOf('kept by the store')
  const alice = await rig.device('alice', [relay.peer])
  await directory.announce(topic)
  expect((await alice.directory.lookup(topic)).map(({ peer }) => peer)).toEqual([relay.peer])
  await alice.directory.announce(topic)
  expect((await directory.lookup(topic)).map(({ peer }) => peer)).toEqual([alice.peer])
  await directory.close()
  await rig.close()
  await rig.time.pass(0)
  expect(relay.server.counts().streams).toBe(0)
  expect(rig.time.waiting()).toBe(0)
})

it('a relay has a limit of its own, and takes no place of others nor they of it', async () => {
  const { directory, ...relay } = await start({
    limits: { topicsOfSelf: 2, topicsPerPeer: 1, peersPerTopic: 1, inAll: 2 },
  })
  const [alice, bob] = [await rig.device('alice', [relay.peer]), await rig.device('bob', [relay.peer])]
  const [one, two, three] = [topicOf('one'), topicOf('two'), topicOf('three')]
  await alice.directory.announce(one)
  await bob.directory.announce(two)
  await directory.announce(one)
  await directory.announce(two)
  await expect(directory.announce(three)).rejects.toMatchObject({
    code: 'net.limit',
    fields: { reason: 'topics-of-self' },
  })
  expect(relay.server.counts()).toMatchObject({ announcements: 4, topics: 2, peers: 3 })
  for (const topic of [one, two])
    expect((await alice.directory.lookup(topic)).map(({ peer }) => peer)).toContain(relay.peer)
  // What others may have is what it was.
  const carol = await rig.device('carol', [relay.peer])
  await expect(carol.directory.announce(three)).rejects.toMatchObject({ fields: { reason: 'announcements' } })
  await directory.unannounce(one)
  await expect(carol.directory.announce(three)).rejects.toMatchObject({ fields: { reason: 'announcements' } })
  await directory.announce(three)
  await directory.close()
})

it('many announcements are made anew a few at a time, and none of them ends', async () => {
  const { directory, ...relay } = await start()
  const topics = Array.from({ length: 100 }, (_, i) => topicOf(`kept ${i}`))
  await Promise.all(topics.map((topic) => directory.announce(topic)))
  const told = (): number => relay.server.counts().requests
  const before = told()
  // Half of their life is over; the first few are signed, and wait for the others.
  await rig.time.pass(5 * 60_000 + 1)
  expect(told() - before).toBeLessThan(topics.length)
  await rig.time.pass(60_000)
  expect(told() - before).toBeGreaterThanOrEqual(topics.length)
  const alice = await rig.device('alice', [relay.peer])
  const seqs = (await Promise.all(topics.map((topic) => alice.directory.lookup(topic)))).map(
    ([found]) => found?.seq,
  )
  expect(new Set(seqs).size).toBe(1)
  expect((await alice.directory.find(relay.peer))?.seq).toBe(seqs[0])

  // One that is withdrawn while the others are made anew stays withdrawn.
  const [first, last] = [topicOf('kept 0'), topicOf('kept 99')]
  await rig.time.pass(4 * 60_000)
  await directory.unannounce(last)
  await rig.time.pass(60_000)
  expect(await alice.directory.lookup(last)).toEqual([])
  expect(await alice.directory.lookup(first)).toHaveLength(1)
  expect(relay.server.counts().announcements).toBe(topics.length - 1)
  await directory.close()
})
