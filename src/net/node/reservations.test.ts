import { afterEach, describe, expect, it } from 'vitest'
import type { CairnNode } from './create.ts'
import { createFrameReader, writeFrame } from '../frames.ts'
import { startNode, startRelay, type TestRelay, until } from '../testing/nodes.ts'

const toStop: { stop(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((one) => one.stop()))
})
const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
  toStop.push(one)
  return one
}
const node = async (): Promise<CairnNode> => keep(await startNode([]))
const state = (one: CairnNode): string | undefined => one.relays()[0]?.state
const connected = (one: CairnNode): Promise<void> => until(one, () => state(one) === 'connected')

/** True when `b` is reached through the relay right now. */
async function reached(b: CairnNode): Promise<boolean> {
  const a = await startNode([])
  const remove = b.handle('/t', async (stream) => {
    const frame = await createFrameReader(stream).expect(10)
    await writeFrame(stream, frame)
  })
  try {
    const stream = await a.open(b.self, '/t', { addresses: b.addresses() })
    await writeFrame(stream, new Uint8Array([7]))
    const answer = await createFrameReader(stream).expect(10)
    return answer[0] === 7 && stream.path === 'relayed'
  } finally {
    remove()
    await a.stop()
  }
}

describe('reservations', () => {
  it('are made, and give the addresses under which a node is reached', async () => {
    const relay = keep(await startRelay())
    const b = await node()
    expect(b.addresses()).toEqual([])
    b.setRelays([relay])
    expect(b.relays()).toMatchObject([{ peerId: relay.peerId, state: 'connecting' }])
    await connected(b)
    expect(b.relays()).toMatchObject([{ state: 'connected', nextTryAt: undefined, error: undefined }])
    expect(b.relays()[0]?.latency).toBeGreaterThanOrEqual(0)
    expect(b.addresses().length).toBeGreaterThan(0)
    for (const address of b.addresses())
      expect(address).toBe(`${relay.multiaddrs[0]}/p2p-circuit/p2p/${b.self}`)
    expect(await reached(b)).toBe(true)
  })

  it('are made again when the relay restarts, however often', async () => {
    let relay: TestRelay = await startRelay()
    const listen = relay.multiaddrs[0]?.replace(/\/p2p\/.*/, '') ?? ''
    const { key } = relay
    const b = await node()
    b.setRelays([relay])
    for (let round = 0; round < 3; round++) {
      await connected(b)
      const away = until(b, () => state(b) === 'unreachable')
      await relay.stop()
      await away
      expect(b.relays()[0]?.nextTryAt).toBeGreaterThan(0)
      expect(b.relays()[0]?.error?.code).toMatch(/^net\.(reset|unreachable)$/)
      relay = await startRelay({ key, listen })
    }
    keep(relay)
    await connected(b)
    expect(await reached(b)).toBe(true)
  })

  it('are made again when the relay comes back under another address', async () => {
    const before = await startRelay()
    const b = await node()
    b.setRelays([before])
    await connected(b)
    const away = until(b, () => state(b) === 'unreachable')
    await before.stop()
    await away
    const after = keep(await startRelay({ key: before.key }))
    expect(after.multiaddrs).not.toEqual(before.multiaddrs)
    b.setRelays([after])
    await connected(b)
    expect(b.addresses()).toEqual([`${after.multiaddrs[0]}/p2p-circuit/p2p/${b.self}`])
    expect(await reached(b)).toBe(true)
  })

  it('are made again when only the connection was lost', async () => {
    const relay = keep(await startRelay())
    const b = await node()
    b.setRelays([relay])
    await connected(b)
    const away = until(b, () => state(b) === 'unreachable')
    await Promise.all(relay.libp2p.getConnections().map((link) => link.close()))
    await away
    b.retryNow()
    await connected(b)
    expect(await reached(b)).toBe(true)
  })

  it('are made at the relay that took the place of another', async () => {
    const before = await startRelay()
    const after = keep(await startRelay())
    const asked: string[] = []
    const b = keep(
      await startNode([], async ({ peerId }) => {
        asked.push(peerId)
        return after
      }),
    )
    b.setRelays([before])
    await connected(b)
    const moved = until(b, () => b.relays()[0]?.peerId === after.peerId && state(b) === 'connected')
    await before.stop()
    await moved
    expect(new Set(asked)).toEqual(new Set([before.peerId]))
    expect(await reached(b)).toBe(true)
  })

  it('are kept at several relays, and given up at those that are taken off the list', async () => {
    const [one, two] = [keep(await startRelay()), keep(await startRelay())]
    const b = await node()
    b.setRelays([one, two])
    await until(b, () => b.relays().every((relay) => relay.state === 'connected'))
    expect(b.addresses()).toHaveLength(2)
    b.setRelays([two])
    await until(b, () => b.addresses().length === 1)
    expect(b.addresses()[0]).toContain(two.peerId)
    expect(b.relays()).toHaveLength(1)
    expect(await reached(b)).toBe(true)
  })

  it('are refused by a relay that is full, and by one that is none', async () => {
    const full = keep(await startRelay({ maxReservations: 1 }))
    const first = await node()
    first.setRelays([full])
    await connected(first)
    const second = await node()
    const none = keep(await startNode())
    second.setRelays([full, { peerId: none.self, multiaddrs: none.addresses() }])
    await until(second, () => second.relays().every((relay) => relay.state === 'refused'))
    expect(second.relays().map((relay) => relay.error?.fields['reason'])).toEqual([
      'reservation_refused',
      'no-relay',
    ])
    expect(second.addresses()).toEqual([])
  })
})
