import { describe, expect, it } from 'vitest'
import { identity } from '../directory/testing/identities.ts'
import { createManualTime, type ManualTime } from '../directory/testing/manual-time.ts'
import { createMemoryNetwork } from '../testing/memory-net.ts'
import { DHT_STREAM_PROTOCOL, greet, receive } from './handshake.ts'
import { createDhtStream, type DhtStream } from './stream.ts'

const nonces = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))

async function pair(): Promise<{ near: DhtStream; far: DhtStream; time: ManualTime }> {
  const time = createManualTime()
  const network = createMemoryNetwork()
  const [alice, bob] = [await identity('alice'), await identity('bob')]
  const [here, there] = [network.node(alice.peer), network.node(bob.peer)]
  const far = Promise.withResolvers<DhtStream>()
  there.handle(DHT_STREAM_PROTOCOL, async (stream) => {
    const agreed = await receive(stream, bob.peer, nonces, async () => true)
    if (agreed === undefined) return
    const opened = createDhtStream({ stream, agreed, self: bob.peer, timers: time })
    far.resolve(opened)
    await opened.closed
  })
  const stream = await here.open(bob.peer, DHT_STREAM_PROTOCOL)
  const agreed = await greet(stream, alice.peer, nonces)
  const near = createDhtStream({ stream, agreed, self: alice.peer, timers: time })
  return { near, far: await far.promise, time }
}

describe('a stream', () => {
  it('ends by its timeout when the other side keeps silent', async () => {
    const { near, far, time } = await pair()
    near.setTimeout(5000)
    await time.pass(4999)
    await far.write(new Uint8Array([1]))
    await time.pass(4999)
    expect(await near.read()).toEqual(new Uint8Array([1]))
    await time.pass(1)
    expect(await near.closed).toMatchObject({ code: 'net.timeout', fields: { ms: 5000 } })
    await expect(near.read()).rejects.toMatchObject({ code: 'net.timeout' })
    await expect(near.write(new Uint8Array([2]))).rejects.toMatchObject({ code: 'net.timeout' })
    await expect(far.read()).rejects.toMatchObject({ code: 'net.reset' })
  })

  it('does not end by its timeout while the other side keeps it alive', async () => {
    const { near, far, time } = await pair()
    near.setTimeout(5000)
    far.setKeepAlive(2000)
    await time.pass(60_000)
    await far.write(new Uint8Array([1]))
    // Signs of life are no data.
    expect(await near.read()).toEqual(new Uint8Array([1]))
    far.setKeepAlive(0)
    await time.pass(5000)
    expect(await near.closed).toMatchObject({ code: 'net.timeout' })
  })

  it('has no timeout once it is turned off', async () => {
    const { near, far, time } = await pair()
    near.setTimeout(5000)
    near.setTimeout(0)
    await time.pass(60_000)
    await far.end()
    expect(await near.read()).toBeUndefined()
    await near.end()
    expect(await near.closed).toBeUndefined()
    expect(time.waiting()).toBe(0)
  })

  it('makes a writer wait for its reader, who is not taken for silent meanwhile', async () => {
    const { near, far, time } = await pair()
    near.setTimeout(5000)
    const size = 4 * 1024 * 1024
    let written = false
    const writing = far.write(new Uint8Array(size)).then(() => {
      written = true
    })
    await time.pass(60_000)
    expect(written).toBe(false)
    let read = 0
    while (read < size) read += (await near.read())?.length ?? Infinity
    await writing
    expect(read).toBe(size)
    near.destroy()
  })
})
