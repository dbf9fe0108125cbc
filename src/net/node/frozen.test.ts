import { generateKeyPair } from '@libp2p/crypto/keys'
import { createServer, connect, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { rejection } from '../testing/net-compliance.ts'
import { realHost, startNode, until } from '../testing/nodes.ts'
import type { CairnNode } from './create.ts'
import { createNodeNode } from './node-node.ts'

const OPEN_LIMIT = 30_000

const toStop: { stop(): unknown }[] = []
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((one) => one.stop()))
})

/** A line to a port that can fall silent without an end, as that to a page which is frozen. */
async function startLine(port: number): Promise<{ readonly port: number; freeze(): void }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  toStop.push({
    stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}

describe('a peer whose connection stands and who accepts no stream', () => {
  const setup = async () => {
    /** waits for a stream to be accepted, which the test lets run out */
    const limits = new Set<() => void>()
    const timers = {
      after(ms: number, run: () => void) {
        if (ms !== OPEN_LIMIT) return realHost.timers.after(ms, run)
        limits.add(run)
        return () => void limits.delete(run)
      },
    }
    const b = await startNode()
    const a: CairnNode = await createNodeNode({
      privateKey: await generateKeyPair('Ed25519'),
      host: { ...realHost, timers },
      listen: [],
      allowLocal: true,
    })
    toStop.push(a, b)
    const line = await startLine(Number(/tcp\/(\d+)/.exec(b.addresses()[0] ?? '')?.[1]))
    const addresses = [`/ip4/127.0.0.1/tcp/${line.port}/ws/p2p/${b.self}`]
    b.handle('/echo/1.0.0', async (stream) => {
      for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read())
        await stream.write(chunk)
    })
    return { a, b, line, limits, addresses, never: new AbortController().signal }
  }
  const waits = async (limits: Set<() => void>): Promise<void> => {
    await expect.poll(() => limits.size).toBeGreaterThan(0)
  }
  const runOut = (limits: Set<() => void>): void => {
    for (const run of limits) run()
  }

  it('is given up after a while, and reached anew by the next who asks', async () => {
    const { a, b, line, limits, addresses, never } = await setup()
    const stream = await a.open(b.self, '/echo/1.0.0', { addresses, signal: never })
    await stream.write(Uint8Array.of(1))
    await stream.read()
    expect(limits.size).toBe(0)
    line.freeze()
    const refused = rejection(a.open(b.self, '/echo/1.0.0', { addresses, signal: never }))
    await waits(limits)
    runOut(limits)
    expect(await refused).toMatchObject({ code: 'net.timeout', fields: { peer: b.self, ms: OPEN_LIMIT } })
    await until(a, () => a.connections().length === 0)
    expect(await rejection(stream.read())).toMatchObject({ code: 'net.timeout' })
    const again = await a.open(b.self, '/echo/1.0.0', { addresses, signal: never })
    await again.write(Uint8Array.of(2))
    expect(await again.read()).toEqual(Uint8Array.of(2))
    again.abort()
  })

  it('keeps the connection while anything passes over it', async () => {
    const { a, b, line, limits, addresses, never } = await setup()
    const stream = await a.open(b.self, '/echo/1.0.0', { addresses, signal: never })
    line.freeze()
    const refused = rejection(a.open(b.self, '/echo/1.0.0', { addresses, signal: never }))
    await waits(limits)
    await stream.write(new Uint8Array(1000))
    runOut(limits)
    expect(await refused).toMatchObject({ code: 'net.timeout' })
    expect(a.connections()).toHaveLength(1)
  })
})
