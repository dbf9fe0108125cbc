import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { repoTopic } from '../topics.ts'
import { createWorld, settle, type TestNode, expectSoon, type World } from './testing/world.ts'

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
let world: World
let a: TestNode
let b: TestNode
beforeEach(async () => {
  world = createWorld()
  a = world.node('a')
  b = world.node('b')
  await a.networker.configure(topic)
  await b.networker.configure(topic)
})
afterEach(async () => {
  await world.end()
})

const peerOf = (node: TestNode, id: string) => {
  const peer = node.peer(id)
  if (peer === undefined) throw new Error(`${node.id} has no peer ${id}`)
  return peer
}

describe('registerExtension', () => {
  it('sends to one peer, in order, as bytes unless told', async () => {
    const got: [Uint8Array, string][] = []
    b.networker.registerExtension<Uint8Array>('x', {
      onmessage: (message, peer) => void got.push([message, peer.id]),
    })
    const extension = a.networker.registerExtension<Uint8Array>('x', {})
    expect(extension.name).toBe('x')
    for (let i = 0; i < 50; i++) extension.send(new Uint8Array(i).fill(i), peerOf(a, 'b'))
    await expectSoon(() => got.length === 50)
    expect(got).toEqual(Array.from({ length: 50 }, (_, i) => [new Uint8Array(i).fill(i), 'a']))
  })

  it('broadcasts to every peer', async () => {
    const c = world.node('c')
    await c.networker.configure(topic)
    const got: string[] = []
    for (const node of [b, c])
      node.networker.registerExtension<string>('x', {
        encoding: 'utf-8',
        onmessage: (message) => void got.push(`${node.id} ${message}`),
      })
    const extension = a.networker.registerExtension<string>('x', { encoding: 'utf-8' })
    expect(extension.broadcast('grüezi')).toBe(2)
    await expectSoon(() => got.length === 2)
    expect(got.sort()).toEqual(['b grüezi', 'c grüezi'])
  })

  it('speaks JSON, or an encoding of one’s own', async () => {
    const got: unknown[] = []
    b.networker.registerExtension<{ n: number }>('json', {
      encoding: 'json',
      onmessage: (message) => void got.push(message),
    })
    const number = {
      encode: (message: number) => new Uint8Array([message]),
      decode: (bytes: Uint8Array) => bytes[0] ?? -1,
    }
    b.networker.registerExtension('own', { encoding: number, onmessage: (message) => void got.push(message) })
    a.networker.registerExtension<{ n: number }>('json', { encoding: 'json' }).broadcast({ n: 5 })
    a.networker.registerExtension('own', { encoding: number }).broadcast(7)
    await expectSoon(() => got.length === 2)
    expect(got).toEqual([{ n: 5 }, 7])
  })

  it('takes handlers with a name, and functions that are given the extension', async () => {
    const got: string[] = []
    b.networker.registerExtension<string>({
      name: 'named',
      encoding: 'utf-8',
      onmessage: (message) => void got.push(message),
    })
    b.networker.registerExtension<string>((extension) => ({
      name: 'made',
      encoding: 'utf-8',
      onmessage: (message, peer) => extension.send(`${message} back`, peer),
    }))
    b.networker.registerExtension<string>('both', (extension) => ({
      encoding: 'utf-8',
      onmessage: (message) => void got.push(`${extension.name} ${message}`),
    }))
    a.networker.registerExtension<string>('named', { encoding: 'utf-8' }).broadcast('one')
    a.networker.registerExtension<string>('both', { encoding: 'utf-8' }).broadcast('two')
    const made = a.networker.registerExtension<string>('made', {
      encoding: 'utf-8',
      onmessage: (message) => void got.push(message),
    })
    made.broadcast('three')
    await expectSoon(() => got.length === 3)
    expect(got).toEqual(['one', 'both two', 'three back'])
  })

  it('lets several extensions share a name', async () => {
    const got: string[] = []
    for (const name of ['first', 'second'])
      b.networker.registerExtension<string>('x', {
        encoding: 'utf-8',
        onmessage: (message) => void got.push(`${name} ${message}`),
      })
    a.networker.registerExtension<string>('x', { encoding: 'utf-8' }).broadcast('hello')
    await expectSoon(() => got.length === 2)
    expect(got).toEqual(['first hello', 'second hello'])
  })

  it('passes over messages of a name that nobody registered', async () => {
    a.networker.registerExtension<string>('x', { encoding: 'utf-8' }).broadcast('hello')
    await settle()
    expect(b.networker.peers.size).toBe(1)
    expect(b.log).not.toContain('replication-error a')
  })

  it('reaches peers that come later', async () => {
    const got: string[] = []
    const extension = a.networker.registerExtension<string>('x', { encoding: 'utf-8' })
    const c = world.node('c')
    c.networker.registerExtension<string>('x', { encoding: 'utf-8', onmessage: (it) => void got.push(it) })
    await c.networker.configure(topic)
    await expectSoon(() => a.peer('c') !== undefined)
    extension.send('welcome', peerOf(a, 'c'))
    await expectSoon(() => got.length === 1)
  })

  it('sends to nobody who is not a peer now', async () => {
    const extension = a.networker.registerExtension<Uint8Array>('x', {})
    const gone = peerOf(a, 'b')
    await b.networker.close()
    await expectSoon(() => a.networker.peers.size === 0)
    expect(() => extension.send(new Uint8Array(), gone)).toThrow('net.unreachable')
    expect(extension.broadcast(new Uint8Array())).toBe(0)
  })

  it('refuses a message over the cap, and what the encoding cannot say', async () => {
    const binary = a.networker.registerExtension<unknown>('x', {})
    expect(() => binary.broadcast(new Uint8Array(64 * 1024 + 1))).toThrow('net.too-large')
    expect(() => binary.broadcast('text')).toThrow('net.malformed')
    const json = a.networker.registerExtension<unknown>('x', { encoding: 'json' })
    expect(() => json.broadcast(undefined)).toThrow('net.malformed')
    const got: number[] = []
    b.networker.registerExtension<Uint8Array>('x', { onmessage: (it) => void got.push(it.length) })
    expect(binary.broadcast(new Uint8Array(64 * 1024))).toBe(1)
    await expectSoon(() => got.length === 1)
    expect(got).toEqual([64 * 1024])
  })

  it('refuses names that are none, or too long, and extensions over the limit', () => {
    expect(() => a.networker.registerExtension('', {})).toThrow('net.malformed')
    expect(() => a.networker.registerExtension('ü'.repeat(33), {})).toThrow('net.malformed')
    for (let i = 0; i < 64; i++) a.networker.registerExtension(`x${i}`, {})
    expect(() => a.networker.registerExtension('one more', {})).toThrow('net.limit')
  })

  it('tells onerror of what does not decode and of handlers that fail, and reads on', async () => {
    const errors: string[] = []
    const got: unknown[] = []
    b.networker.registerExtension<number>('x', {
      encoding: 'json',
      onmessage(message) {
        if (message === 1) throw new Error('handler')
        got.push(message)
      },
      onerror: (error, peer) => void errors.push(`${peer.id} ${error.message}`),
    })
    const raw = a.networker.registerExtension<Uint8Array>('x', {})
    raw.broadcast(new Uint8Array([0xff]))
    const json = a.networker.registerExtension<number>('x', { encoding: 'json' })
    json.broadcast(1)
    json.broadcast(2)
    await expectSoon(() => got.length === 1)
    expect(errors).toEqual(['a net.malformed (reason=json)', 'a handler'])
    expect(b.networker.peers.size).toBe(1)
  })

  it('without onerror tells of it as an event', async () => {
    b.networker.registerExtension<string>('x', { onmessage: () => Promise.reject(new Error('no')) })
    b.networker.registerExtension<string>('y', {
      onmessage: () => Promise.reject(new Error('no')),
      onerror: () => {
        throw new Error('not here either')
      },
    })
    a.networker.registerExtension<Uint8Array>('x', {}).broadcast(new Uint8Array())
    a.networker.registerExtension<Uint8Array>('y', {}).broadcast(new Uint8Array())
    await expectSoon(() => b.log.filter((it) => it === 'replication-error a').length === 2)
    expect(b.networker.peers.size).toBe(1)
  })

  it('ends with destroy, for itself only', async () => {
    const got: string[] = []
    const one = b.networker.registerExtension<string>('x', {
      encoding: 'utf-8',
      onmessage: (it) => void got.push(`one ${it}`),
    })
    b.networker.registerExtension<string>('x', { encoding: 'utf-8', onmessage: (it) => void got.push(it) })
    one.destroy()
    one.destroy()
    expect(() => one.broadcast('x')).toThrow('net.closed')
    a.networker.registerExtension<string>('x', { encoding: 'utf-8' }).broadcast('hello')
    await expectSoon(() => got.length > 0)
    await settle()
    expect(got).toEqual(['hello'])
  })
})

describe('a slow reader', () => {
  it('is slowed by its own handler, and nobody else is', async () => {
    const c = world.node('c')
    await c.networker.configure(topic)
    const gate = Promise.withResolvers<void>()
    let begun = 0
    const got: number[] = []
    b.networker.registerExtension<Uint8Array>('x', {
      async onmessage() {
        begun++
        await gate.promise
      },
    })
    c.networker.registerExtension<Uint8Array>('x', { onmessage: (it) => void got.push(it.length) })
    const extension = a.networker.registerExtension<Uint8Array>('x', {})
    for (let i = 0; i < 10; i++) extension.broadcast(new Uint8Array(1000))
    await expectSoon(() => got.length === 10)
    expect(begun).toBe(1)
    gate.resolve()
    await expectSoon(() => begun === 10)
  })

  it('is not taken for a silent peer by itself', async () => {
    const gate = Promise.withResolvers<void>()
    let begun = 0
    b.networker.registerExtension<Uint8Array>('x', {
      async onmessage() {
        begun++
        await gate.promise
      },
    })
    a.networker.registerExtension<Uint8Array>('x', {}).broadcast(new Uint8Array(1))
    await expectSoon(() => begun === 1)
    for (let i = 0; i < 8; i++) {
      world.timers.advance(30_000)
      await settle()
    }
    expect(b.log).not.toContain('peer-remove a')
    gate.resolve()
  })

  it('is dropped when too much waits for it, and is linked again after a pause', async () => {
    const gate = Promise.withResolvers<void>()
    let begun = 0
    b.networker.registerExtension<Uint8Array>('x', {
      async onmessage() {
        begun++
        await gate.promise
      },
    })
    const extension = a.networker.registerExtension<Uint8Array>('x', {})
    const errors: unknown[] = []
    a.networker.addEventListener('replication-error', ({ detail }) => errors.push(detail.error))
    const message = new Uint8Array(64 * 1024)
    extension.broadcast(message)
    await expectSoon(() => begun === 1)
    let sent = 1
    while (a.networker.peers.size > 0 && sent < 100) {
      extension.broadcast(message)
      sent++
      await settle(2)
    }
    // What the stream took, and a queue of 1 MiB.
    expect(sent).toBeGreaterThan(15)
    expect(sent).toBeLessThan(30)
    expect(errors).toMatchObject([{ code: 'net.limit', fields: { what: 'queue' } }])
    expect(a.networker.stats().dropped).toBe(1)
    gate.resolve()
    await expectSoon(() => b.networker.peers.size === 0)
    world.timers.advance(1000)
    await expectSoon(() => a.peer('b') !== undefined && b.peer('a') !== undefined)
  })

  it('is dropped when a write makes no way for too long', async () => {
    const gate = Promise.withResolvers<void>()
    b.networker.registerExtension<Uint8Array>('x', { onmessage: () => gate.promise })
    const extension = a.networker.registerExtension<Uint8Array>('x', {})
    const errors: unknown[] = []
    a.networker.addEventListener('replication-error', ({ detail }) => errors.push(detail.error))
    for (let i = 0; i < 8; i++) extension.broadcast(new Uint8Array(60_000))
    await settle()
    world.timers.advance(30_000)
    await expectSoon(() => a.networker.peers.size === 0)
    expect(errors).toMatchObject([{ code: 'net.timeout' }])
    gate.resolve()
  })
})
