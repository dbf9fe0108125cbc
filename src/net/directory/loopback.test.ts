import { expect, it } from 'vitest'
import { createDirectory } from './client.ts'
import { openLoopback } from './loopback.ts'
import { createSequence, topicOf } from './testing/identities.ts'
import { createRig } from './testing/rig.ts'

it('a relay announces and looks up at its own directory', async () => {
  const rig = createRig()
  const relay = await rig.relay('relay')
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
