import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concat, equalBytes } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import { createFrameReader, writeFrame } from '../frames.ts'
import type { ByteStream, Net, OpenOptions, Path } from '../net.ts'

/** Two nodes under test: `a` can reach `b`. */
export interface NetPair {
  readonly a: Net
  readonly b: Net
  /** what `a` needs to know to reach `b` */
  readonly toB: OpenOptions
  /** a well-formed id of a peer that nobody knows */
  readonly stranger: string
  readonly path: Path
  /** most that a writer may get rid of while nobody reads, bytes */
  readonly unreadLimit: number
  /** waits until handlers set or removed at `b` are so; at once unless told */
  readonly settled?: () => Promise<void>
  readonly close: () => Promise<void>
}

const MB = 1024 * 1024
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) parts.push(chunk)
  return concat(parts)
}

/** What a promise is rejected with, to be looked at later. */
export const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => new Error('was not rejected'),
    (error: unknown) => error,
  )

/** Bytes that differ from place to place, so that none can be lost or swapped unseen. */
function pattern(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length)
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    out[i] = state >>> 24
  }
  return out
}

/** What every {@link Net} must do, whatever carries it. */
export function describeNet(name: string, setup: () => Promise<NetPair>): void {
  describe(name, () => {
    let pair: NetPair
    beforeAll(async () => void (pair = await setup()))
    afterAll(() => pair.close())

    /** Opens a stream to a handler that is removed again at the end. */
    const talk = async <T>(
      serve: (stream: ByteStream) => Promise<void>,
      use: (stream: ByteStream) => Promise<T>,
    ): Promise<T> => {
      const remove = pair.b.handle('/compliance/1', serve)
      await pair.settled?.()
      try {
        return await use(await pair.a.open(pair.b.self, '/compliance/1', pair.toB))
      } finally {
        remove()
      }
    }

    it('names both sides, the protocol and the path', async () => {
      const seen = Promise.withResolvers<ByteStream>()
      await talk(
        async (stream) => seen.resolve(stream),
        async (stream) => {
          const there = await seen.promise
          expect(stream).toMatchObject({ peer: pair.b.self, protocol: '/compliance/1', path: pair.path })
          expect(there).toMatchObject({ peer: pair.a.self, protocol: '/compliance/1', path: pair.path })
          await stream.closeWrite()
        },
      )
      expect(pair.a.connections()).toContainEqual(
        expect.objectContaining({ peer: pair.b.self, path: pair.path }),
      )
    })

    it('carries a request and, after its end, the answer', () =>
      talk(
        async (stream) => {
          const asked = await readAll(stream)
          await stream.write(text(`you said ${new TextDecoder().decode(asked)}`))
        },
        async (stream) => {
          await stream.write(text('hel'))
          await stream.write(text('lo'))
          await stream.closeWrite()
          expect(new TextDecoder().decode(await readAll(stream))).toBe('you said hello')
          expect(await stream.read()).toBeUndefined()
        },
      ))

    it('carries 6 MB each way at once, whole and in order', () =>
      talk(
        async (stream) => {
          const sending = stream.write(pattern(6 * MB, 7)).then(() => stream.closeWrite())
          expect(equalBytes(await readAll(stream), pattern(6 * MB, 3))).toBe(true)
          await sending
        },
        async (stream) => {
          const sending = stream.write(pattern(6 * MB, 3)).then(() => stream.closeWrite())
          expect(equalBytes(await readAll(stream), pattern(6 * MB, 7))).toBe(true)
          await sending
        },
      ))

    it('keeps the order of writes that nobody waited for, and no array of the caller', () =>
      talk(
        async (stream) => stream.write(await readAll(stream)),
        async (stream) => {
          const parts = Array.from({ length: 40 }, (_, n) => pattern(10_000 + n, n + 1))
          const wanted = concat(parts)
          const writes = parts.map((part) => stream.write(part))
          await Promise.all(writes)
          for (const part of parts) part.fill(0)
          await stream.closeWrite()
          expect(equalBytes(await readAll(stream), wanted)).toBe(true)
        },
      ))

    it('stops a writer whose bytes nobody reads, and loses none of them', () => {
      const start = Promise.withResolvers<void>()
      const removeEcho = pair.b.handle('/compliance/echo', async (stream) => {
        const frames = createFrameReader(stream)
        for (let one = await frames.read(10); one !== undefined; one = await frames.read(10))
          await writeFrame(stream, one)
      })
      return talk(
        async (stream) => {
          await start.promise
          expect(equalBytes(await readAll(stream), pattern(16 * MB))).toBe(true)
          await stream.write(text('all'))
        },
        async (stream) => {
          const echo = await pair.a.open(pair.b.self, '/compliance/echo', pair.toB)
          const frames = createFrameReader(echo)
          const all = pattern(16 * MB)
          let sent = 0
          const sending = (async () => {
            for (; sent < all.length; sent += 64 * 1024)
              await stream.write(all.subarray(sent, sent + 64 * 1024))
            await stream.closeWrite()
          })()
          // Still when nothing went while another stream went to and fro many times.
          for (let before = -1; before !== sent;) {
            before = sent
            for (let i = 0; i < 30; i++) {
              await writeFrame(echo, text('ping'))
              await frames.expect(10)
            }
          }
          expect(sent).toBeGreaterThan(0)
          expect(sent).toBeLessThanOrEqual(pair.unreadLimit)
          start.resolve()
          await sending
          expect(new TextDecoder().decode(await readAll(stream))).toBe('all')
          await echo.closeWrite()
        },
      ).finally(removeEcho)
    })

    it('tells the other side of an abort', async () => {
      const failed = Promise.withResolvers<unknown>()
      await talk(
        async (stream) => {
          await readAll(stream).catch(failed.resolve)
        },
        async (stream) => {
          await stream.write(text('x'))
          stream.abort(new NetError('net.refused', { peer: 'x', reason: 'enough' }))
          expect(await failed.promise).toMatchObject({ code: 'net.reset' })
          await expect(stream.read()).rejects.toMatchObject({ code: 'net.refused' })
          await expect(stream.write(text('x'))).rejects.toBeInstanceOf(NetError)
          stream.abort()
        },
      )
    })

    it('wakes a reader and a writer that wait when the other side aborts', () =>
      talk(
        async (stream) => {
          await stream.read()
          stream.abort()
        },
        async (stream) => {
          const reading = rejection(stream.read())
          await expect(stream.write(pattern(16 * MB))).rejects.toMatchObject({
            code: expect.stringMatching(/^net\.(reset|closed)$/),
          })
          expect(await reading).toMatchObject({ code: 'net.reset' })
        },
      ))

    it('resets the stream of a handler that throws', () =>
      talk(
        async () => {
          throw new Error('no')
        },
        (stream) => expect(stream.read()).rejects.toMatchObject({ code: 'net.reset' }),
      ))

    it('ends the stream of a handler that returns', () =>
      talk(
        async () => undefined,
        async (stream) => {
          expect(await stream.read()).toBeUndefined()
          await stream.closeWrite()
        },
      ))

    it('refuses to write after the end, and reads on', () =>
      talk(
        async (stream) => {
          await readAll(stream)
          await stream.write(text('late'))
        },
        async (stream) => {
          await stream.closeWrite()
          await expect(stream.write(text('x'))).rejects.toMatchObject({ code: 'net.closed' })
          expect(await readAll(stream)).toEqual(text('late'))
        },
      ))

    it('carries many streams side by side', () =>
      talk(
        async (stream) => stream.write(await readAll(stream)),
        async (first) => {
          await first.closeWrite()
          const ends = Array.from({ length: 40 }, async (_, n) => {
            const stream = await pair.a.open(pair.b.self, '/compliance/1', pair.toB)
            await stream.write(pattern(20_000, n + 1))
            await stream.closeWrite()
            return equalBytes(await readAll(stream), pattern(20_000, n + 1))
          })
          expect((await Promise.all(ends)).every(Boolean)).toBe(true)
        },
      ))

    it('says why it cannot open a stream', async () => {
      const { a, b, toB, stranger } = pair
      await expect(a.open(b.self, '/compliance/none', toB)).rejects.toMatchObject({ code: 'net.unsupported' })
      await expect(a.open(stranger, '/compliance/1')).rejects.toMatchObject({ code: 'net.no-addresses' })
      const remove = b.handle('/compliance/gone', async () => undefined)
      remove()
      await pair.settled?.()
      await expect(a.open(b.self, '/compliance/gone', toB)).rejects.toMatchObject({ code: 'net.unsupported' })
      await expect(
        a.open(b.self, '/compliance/1', { ...toB, signal: AbortSignal.abort() }),
      ).rejects.toMatchObject({ code: 'net.cancelled' })
    })

    it('hangs up, and reaches the peer again', async () => {
      await talk(
        async (stream) => void (await readAll(stream)),
        async (stream) => {
          const reading = rejection(stream.read())
          await pair.a.hangUp(pair.b.self)
          expect(await reading).toMatchObject({ code: expect.stringMatching(/^net\.(reset|closed)$/) })
        },
      )
      const again = await talk(
        async (stream) => stream.write(text('again')),
        async (stream) => {
          await stream.closeWrite()
          return readAll(stream)
        },
      )
      expect(again).toEqual(text('again'))
    })
  })
}
