import { createServer } from 'node:http'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { createStarted } from '../../relay/testing/relays.ts'
import { realHost } from '../../net/testing/nodes.ts'
import { createMailbox, type Mailbox } from './mailbox.ts'

const started = createStarted()
const ends: (() => void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  await started.close()
})

const of = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const at = (relay: string): Mailbox =>
  createMailbox({ relay, fetch: (url, init) => fetch(url, init), timers: realHost.timers })
const open = async (): Promise<Mailbox> => {
  const relay = await started.relay({ dataDir: await started.folder() })
  return at(`http://127.0.0.1:${relay.port}`)
}
/** A server that answers everything so. */
const answering = async (status: number, body: string | Uint8Array): Promise<Mailbox> => {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close().closeAllConnections())
  const address = server.address()
  return at(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`)
}
const failed = (reason: string, status?: number) => ({
  code: 'space-sync.mailbox',
  fields: { reason, ...(status === undefined ? {} : { status }) },
})

describe('the mailbox of a real relay', () => {
  it('gives what was put, counts for its owner, and is replaced by its owner alone', async () => {
    const box = await open()
    expect(await box.get(of(1))).toBeUndefined()
    expect(await box.receipt(of(1), of(9))).toBeUndefined()
    await box.put(of(1), { body: utf8('sealed'), owner: of(9), expires: Date.now() + 60_000, uses: 3 })
    expect(await box.receipt(of(1), of(9))).toEqual({ fetched: 0, lastAt: undefined })
    expect(await box.get(of(1))).toEqual(utf8('sealed'))
    expect(await box.receipt(of(1), of(9))).toMatchObject({ fetched: 1, lastAt: expect.any(Number) })
    await expect(box.put(of(1), { body: utf8('other'), owner: of(8) })).rejects.toMatchObject(
      failed('not-owner', 403),
    )
    await box.put(of(1), { body: utf8('anew'), owner: of(9) })
    expect(await box.get(of(1))).toEqual(utf8('anew'))
    const list = new Uint8Array(60_000).fill(3)
    await box.put(of(2), { body: list, owner: of(9), kind: 'recovery' })
    expect(await box.get(of(2))).toEqual(list)
    await expect(box.put(of(3), { body: list, owner: of(9) })).rejects.toMatchObject(failed('size', 413))
  })

  it('says that a link was revoked or used up', async () => {
    const box = await open()
    await box.put(of(1), { body: utf8('sealed'), owner: of(9) })
    await expect(box.revoke(of(1), of(8))).rejects.toMatchObject(failed('not-owner', 403))
    await box.revoke(of(1), of(9))
    await expect(box.get(of(1))).rejects.toMatchObject(failed('revoked', 410))
    await box.put(of(2), { body: utf8('sealed'), owner: of(9), uses: 1 })
    let last: unknown
    // Some more fetches than uses are answered.
    for (let i = 0; i < 40 && last === undefined; i++) {
      await box.get(of(2)).catch((error: unknown) => {
        last = error
      })
    }
    expect(last).toMatchObject(failed('used-up', 410))
  })
})

describe('what is no mailbox', () => {
  it('is told in one way, whatever it answers, and no error names the place', async () => {
    const place = of(0xab)
    const cases: readonly (readonly [Mailbox, string, number?])[] = [
      [await answering(404, '<h1>not here</h1>'), 'refused', 404],
      [await answering(500, '{"reason":"<b>5</b>"}'), 'refused', 500],
      [await answering(200, new Uint8Array(70_000)), 'too-large', 200],
      [await answering(410, `{"reason":"revoked","more":"${'x'.repeat(5000)}"}`), 'refused', 410],
      [at('http://127.0.0.1:9/'), 'unreachable', 0],
    ]
    for (const [box, reason, status] of cases) {
      const error: unknown = await box.get(place).catch((it: unknown) => it)
      expect(error).toMatchObject(failed(reason, status))
      expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain(
        toHex(place),
      )
    }
    const box = await answering(200, '{"fetched":"many"}')
    await expect(box.receipt(place, of(1))).rejects.toMatchObject(failed('malformed', 200))
    await expect(box.get(place, AbortSignal.abort())).rejects.toMatchObject(failed('cancelled'))
    await expect(async () => box.get(of(1).subarray(1))).rejects.toThrow(RangeError)
  })

  it('and says nothing is given up', async () => {
    const server = createServer(() => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ends.push(() => server.close().closeAllConnections())
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    // The time runs out at once.
    const timers = { after: (_: number, run: () => void) => realHost.timers.after(20, run) }
    const box = createMailbox({ relay: `http://127.0.0.1:${port}`, fetch, timers })
    await expect(box.get(of(1))).rejects.toMatchObject(failed('timeout'))
  })
})
