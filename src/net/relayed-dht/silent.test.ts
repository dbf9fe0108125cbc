import { expect, it } from 'vitest'
import { identity } from '../directory/testing/identities.ts'
import { createManualTime } from '../directory/testing/manual-time.ts'
import type { Directory } from '../directory-model.ts'
import { rejection } from '../testing/net-compliance.ts'
import { createMemoryNetwork } from '../testing/memory-net.ts'
import { createRelayedDht } from './create.ts'
import { DHT_STREAM_PROTOCOL } from './handshake.ts'
import { publicKeyOfPeer } from './keys.ts'

it('gives up a peer that takes the stream and does not answer its greeting', async () => {
  const time = createManualTime()
  const network = createMemoryNetwork()
  const [a, b] = [await identity('a'), await identity('b')]
  const net = network.node(a.peer)
  let isOpen = true
  network.node(b.peer).handle(DHT_STREAM_PROTOCOL, async (stream) => {
    while ((await stream.read().catch(() => undefined)) !== undefined);
    isOpen = false
  })
  // Nothing else of it is asked.
  const directory = { find: async () => undefined } as unknown as Directory
  const nonces = (): Uint8Array => new Uint8Array(32)
  const dht = createRelayedDht({ net, directory, timers: time, nonces })
  const refused = rejection(dht.connect(publicKeyOfPeer(b.peer)))
  await time.pass(19_999)
  expect(isOpen).toBe(true)
  await time.pass(1)
  expect(await refused).toMatchObject({ code: 'net.timeout', fields: { peer: b.peer, ms: 20_000 } })
  expect(isOpen).toBe(false)
  expect(time.waiting()).toBe(0)
  await dht.destroy()
})
