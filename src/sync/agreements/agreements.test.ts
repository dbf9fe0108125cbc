import { describe, expect, it } from 'vitest'
import { concat } from '../../core/bytes.ts'
import { createMessageReader, encodeMessage, writeMessage } from '../../net/messages.ts'
import type { ByteStream } from '../../net/net.ts'
import { LIMITS } from './model.ts'
import { type Side, withAgreements } from './testing/agreement-kit.ts'
import { AGREEMENTS_PROTOCOL, messageShape } from './wire.ts'

const [ALICE, BOB, CAROL] = ['did:plc:alice', 'did:plc:bob', 'did:web:carol.example']
const both = { ours: ALICE, theirs: BOB }
const back = { ours: BOB, theirs: ALICE }

async function pair(
  use: (a: Side, b: Side, kit: Parameters<Parameters<typeof withAgreements>[0]>[0]) => Promise<void>,
) {
  await withAgreements(async (kit) => use(await kit.side('a'), await kit.side('b'), kit))
}
/** An agreement that both have. */
async function agree(a: Side, b: Side, terms: { ours?: string; theirs?: string } = both): Promise<void> {
  await a.offer({ peer: 'b', ...terms })
  await a.deliver('b')
  await b.accept((await b.one()).id)
  await b.deliver('a')
}
const done = { answered: 1, waiting: 0, error: undefined }

describe('an agreement', () => {
  it('is offered, accepted, and ended with the copies deleted', () =>
    pair(async (a, b) => {
      const offered = await a.offer({
        peer: 'b',
        ...both,
        terms: { minCopies: 3, intervalSec: 3600, priority: 10 },
      })
      expect(offered).toMatchObject({ ...both, peer: 'b', state: 'offered', minCopies: 3, waiting: true })
      expect(await a.waiting()).toEqual(['b'])
      expect(await a.deliver('b')).toEqual(done)
      expect(await a.one()).toEqual({ ...offered, waiting: false })

      const incoming = await b.one()
      expect(incoming).toMatchObject({
        ...back,
        peer: 'a',
        state: 'incoming',
        intervalSec: 3600,
        waiting: false,
      })
      const accepted = await b.accept(incoming.id, { minCopies: 2, intervalSec: 600, priority: 20 })
      expect(accepted).toMatchObject({
        state: 'active',
        minCopies: 3,
        intervalSec: 600,
        priority: 20,
        waiting: true,
      })
      expect(await b.deliver('a')).toEqual(done)
      expect(await a.one()).toMatchObject({ state: 'active', minCopies: 3, intervalSec: 600, priority: 20 })
      expect(a.changes.map((it) => it.state)).toEqual(['offered', 'offered', 'active'])

      const ended = await a.end(offered.id, true)
      expect(ended).toMatchObject({ state: 'ended', endedBy: 'us', waiting: true, purged: undefined })
      expect(a.purges).toEqual([{ did: BOB, peer: 'b', agreement: offered.id }])
      expect(await a.deliver('b')).toEqual(done)
      expect(await a.one()).toMatchObject({ waiting: false, purged: 'purged' })
      expect(await b.one()).toMatchObject({ state: 'ended', endedBy: 'them', waiting: false })
      expect(b.purges).toEqual([{ did: ALICE, peer: 'a', agreement: incoming.id }])
      // Each step is told once as such, and what else changes with the state as it was.
      const moves = ({ steps }: Side) => steps.filter(([before, now]) => before !== now)
      expect(moves(a)).toEqual([
        [undefined, 'offered'],
        ['offered', 'active'],
        ['active', 'ended'],
      ])
      expect(moves(b)).toEqual([
        [undefined, 'incoming'],
        ['incoming', 'active'],
        ['active', 'ended'],
      ])
    }))

  it('is accepted on its own terms, and ends without a word about copies', () =>
    pair(async (a, b) => {
      await a.offer({ peer: 'b', ...both, terms: { minCopies: 1, intervalSec: 7200 } })
      await a.deliver('b')
      expect(await b.accept((await b.one()).id)).toMatchObject({
        minCopies: 1,
        intervalSec: 7200,
        priority: 50,
      })
      await b.deliver('a')
      await b.end((await b.one()).id, false)
      await b.deliver('a')
      expect(await a.one()).toMatchObject({ state: 'ended', endedBy: 'them' })
      expect([...a.purges, ...b.purges]).toEqual([])
    }))

  it('is made when both offer it at the same time, with no acceptance', () =>
    pair(async (a, b) => {
      await Promise.all([
        a.offer({ peer: 'b', ...both, terms: { intervalSec: 300 } }),
        b.offer({ peer: 'a', ...back, terms: { minCopies: 5, priority: 0 } }),
      ])
      await Promise.all([a.deliver('b'), b.deliver('a')])
      const effective = { state: 'active', minCopies: 5, intervalSec: 300, priority: 50, waiting: false }
      expect(await a.one()).toMatchObject({ ...both, ...effective })
      expect(await b.one()).toMatchObject({ ...back, ...effective })
      // Either may end it by either's offer.
      await b.end((await b.one()).id, true)
      await b.deliver('a')
      expect(await a.one()).toMatchObject({ state: 'ended', endedBy: 'them' })
      expect(await b.one()).toMatchObject({ state: 'ended', purged: 'purged' })
    }))

  it('waits for one who is always away, through every change of mind', () =>
    pair(async (a, b, { network }) => {
      network.cut('b')
      const first = await a.offer({ peer: 'b', ...both })
      expect(await a.deliver('b')).toMatchObject({
        answered: 0,
        waiting: 1,
        error: { code: 'net.unreachable' },
      })
      await a.end(first.id, true)
      const second = await a.offer({ peer: 'b', ...both })
      expect(second.id).not.toBe(first.id)
      expect(await a.deliver('b')).toMatchObject({ answered: 0, waiting: 2 })
      expect(await a.waiting()).toEqual(['b'])
      // It comes by once, and is away whenever it has something to say itself.
      network.mend('b')
      expect(await a.deliver('b')).toMatchObject({ answered: 2, waiting: 0 })
      network.cut('b')
      const incoming = await b.one()
      await b.accept(incoming.id)
      expect(await b.deliver('a')).toMatchObject({ waiting: 1, error: { code: 'net.unreachable' } })
      network.mend('b')
      expect(await b.deliver('a')).toEqual(done)
      expect((await a.list()).find((it) => it.id === second.id)?.state).toBe('active')
      expect(a.purges).toEqual([])
    }))

  it('is known for what it is when the answer was lost', () =>
    pair(async (a, b) => {
      a.breakAfter = { writes: 0, answered: true }
      await a.offer({ peer: 'b', ...both })
      expect(await a.deliver('b')).toMatchObject({ answered: 0, waiting: 1, error: { code: 'net.reset' } })
      a.breakAfter = undefined
      await b.accept((await b.one()).id)
      // The offer, said again, is answered with the acceptance.
      expect(await a.deliver('b')).toEqual(done)
      expect(await a.one()).toMatchObject({ state: 'active', waiting: false })
      a.breakAfter = { writes: 0, answered: true }
      await a.end((await a.one()).id, true)
      expect(await a.deliver('b')).toMatchObject({ waiting: 1 })
      a.breakAfter = undefined
      expect(await a.deliver('b')).toEqual(done)
      expect(await a.one()).toMatchObject({ purged: 'purged' })
      expect(b.purges.length).toBe(1)
      expect(await b.deliver('a')).toEqual({ answered: 0, waiting: 0, error: undefined })
    }))

  it('is over when its end overtakes it, or both end it', () =>
    pair(async (a, b, { network }) => {
      const stream = await network.node('x').open('b', AGREEMENTS_PROTOCOL)
      await writeMessage(stream, { type: 'end', id: 'one', purge: true })
      await writeMessage(stream, { ...offer, id: 'one' })
      await stream.closeWrite()
      expect(await answers(stream)).toEqual([{ status: 'ended', purged: 'nothing' }, { status: 'ended' }])
      expect(await b.list()).toEqual([])

      await agree(a, b)
      await Promise.all([a.end((await a.one()).id, false), b.end((await b.one()).id, true)])
      await Promise.all([a.deliver('b'), b.deliver('a')])
      expect(await a.one()).toMatchObject({ state: 'ended', endedBy: 'us', waiting: false })
      expect(await b.one()).toMatchObject({ state: 'ended', endedBy: 'us', waiting: false, purged: 'purged' })
    }))

  it('is ended even when that was wished while its offer was on the way', () =>
    pair(async (a, _b, { network }) => {
      const heard: string[] = []
      network.node('m').handle(AGREEMENTS_PROTOCOL, async (stream) => {
        const reader = createMessageReader(stream, messageShape, LIMITS.message)
        for (let message = await reader.read(); message !== undefined; message = await reader.read()) {
          heard.push(message.type)
          if (message.type === 'offer') await a.end((await a.one()).id, false)
          await writeMessage(stream, { status: message.type === 'end' ? 'ended' : 'pending' })
        }
      })
      await a.offer({ peer: 'm', ...both })
      expect(await a.deliver('m')).toEqual({ answered: 2, waiting: 0, error: undefined })
      expect(heard).toEqual(['offer', 'end'])
    }))

  it('is not made by an acceptance that crosses its end', () =>
    pair(async (a, b) => {
      await a.offer({ peer: 'b', ...both })
      await a.deliver('b')
      await b.accept((await b.one()).id)
      await a.end((await a.one()).id, false)
      expect(await b.deliver('a')).toEqual(done)
      expect(await b.one()).toMatchObject({ state: 'ended', endedBy: 'them' })
      expect(await a.deliver('b')).toEqual(done)
    }))

  it('is offered again by one whose partner has lost everything', () =>
    pair(async (a, b) => {
      await a.offer({ peer: 'b', ...both })
      await a.deliver('b')
      await a.storage.write([{ type: 'delete', table: 'agreements', key: (await a.one()).id }])
      await b.accept((await b.one()).id)
      expect(await b.deliver('a')).toMatchObject({ answered: 2, waiting: 0 })
      expect(await b.one()).toMatchObject({ state: 'offered' })
      expect(await a.one()).toMatchObject({ ...both, state: 'incoming' })
      await a.accept((await a.one()).id)
      await a.deliver('b')
      expect(await b.one()).toMatchObject({ state: 'active' })
      // The other way round: an offer that was forgotten is met by what is still known here.
      await a.storage.write([{ type: 'delete', table: 'agreements', key: (await a.one()).id }])
      await a.offer({ peer: 'b', ...both })
      await a.deliver('b')
      expect(await a.one()).toMatchObject({ state: 'active', waiting: false })
      expect(await b.one()).toMatchObject({ state: 'active' })
    }))

  it('is one, however often it is offered or accepted', () =>
    pair(async (a, b) => {
      const [first, second] = await Promise.all([
        a.offer({ peer: 'b', ...both }),
        a.offer({ peer: 'b', ...both }),
      ])
      expect(second.id).toBe(first.id)
      await Promise.all([a.deliver('b'), a.deliver('b')])
      // An offer of the same accepts theirs.
      expect(await b.offer({ peer: 'a', ...back })).toMatchObject({ state: 'active' })
      expect(await b.accept((await b.one()).id)).toMatchObject({ state: 'active' })
      await b.deliver('a')
      expect(await a.one()).toMatchObject({ state: 'active' })
      // One way, and about other repos, are agreements of their own.
      await a.offer({ peer: 'b', ours: ALICE })
      await a.offer({ peer: 'b', ours: CAROL, theirs: BOB })
      expect((await a.list()).length).toBe(3)
    }))
})

describe('a copy', () => {
  it('stays when the host says so, or another agreement keeps it', () =>
    pair(async (a, b, { side }) => {
      const c = await side('c')
      await agree(a, b)
      b.purge = false
      await a.end((await a.one()).id, true)
      await a.deliver('b')
      expect(await a.one()).toMatchObject({ purged: 'kept' })
      b.purge = true

      const again = await a.offer({ peer: 'b', ...both })
      await a.deliver('b')
      const incoming = (await b.list()).find((it) => it.state === 'incoming')
      await b.accept(incoming?.id ?? '')
      await c.offer({ peer: 'b', ours: ALICE })
      await c.deliver('b')
      await b.accept((await b.list()).find((it) => it.peer === 'c')?.id ?? '')
      await a.end(again.id, true)
      await a.deliver('b')
      expect((await a.list()).find((it) => it.id === again.id)).toMatchObject({ purged: 'kept' })
      expect(b.purges.length).toBe(1)
    }))

  it('is not touched for an offer that was never accepted', () =>
    pair(async (a, b) => {
      await a.offer({ peer: 'b', ...both })
      await a.deliver('b')
      await a.end((await a.one()).id, true)
      await a.deliver('b')
      expect(await a.one()).toMatchObject({ purged: 'nothing' })
      expect([...a.purges, ...b.purges]).toEqual([])
    }))

  it('is deleted later when it could not be now', () =>
    pair(async (a, b) => {
      await agree(a, b)
      a.purge = new RangeError('disk')
      b.purge = new RangeError('disk')
      const { id } = await a.one()
      await expect(a.end(id, true)).rejects.toThrow('disk')
      expect(await a.one()).toMatchObject({ state: 'ended', waiting: true })
      a.purge = true
      expect(await a.deliver('b')).toMatchObject({ answered: 0, waiting: 1, error: { code: 'net.reset' } })
      b.purge = true
      expect(await a.deliver('b')).toEqual(done)
      expect(await a.one()).toMatchObject({ purged: 'purged', waiting: false })
    }))
})

describe('a person', () => {
  it('is told what cannot be', () =>
    pair(async (a, b) => {
      const code = (it: string) => expect.objectContaining({ code: it })
      await expect(a.accept('b/x')).rejects.toThrow(code('agreement.not-found'))
      await expect(a.end('b/x', true)).rejects.toThrow(code('agreement.not-found'))
      for (const bad of [
        { peer: 'a', ...both },
        { peer: 'b/c', ...both },
        { peer: 'b' },
        { peer: 'b', ours: 'alice' },
        { peer: 'b', ...both, terms: { intervalSec: 1 } },
        { peer: 'b', ...both, terms: { priority: 101 } },
      ])
        await expect(a.offer(bad)).rejects.toThrow(code('agreement.invalid'))
      const { id } = await a.offer({ peer: 'b', ...both })
      await expect(a.accept(id)).rejects.toThrow(code('agreement.not-yours'))
      await a.end(id, false)
      await expect(a.accept(id)).rejects.toThrow(code('agreement.ended'))
      expect(await b.list()).toEqual([])
    }))

  it('cannot offer more to one peer than there is room for', () =>
    pair(async (a) => {
      for (let n = 0; n < LIMITS.perPeer; n++) await a.offer({ peer: 'b', ours: `did:plc:${n}` })
      await expect(a.offer({ peer: 'b', ...both })).rejects.toMatchObject({ code: 'agreement.limit' })
      await a.offer({ peer: 'c', ...both })
    }))
})

const offer = {
  type: 'offer',
  subject: BOB,
  wants: ALICE,
  minCopies: 2,
  intervalSec: 600,
  priority: 50,
  createdAt: 1,
}

/** Reads answers until the stream ends. */
async function answers(stream: ByteStream): Promise<unknown[]> {
  const { decode } = await import('@atcute/cbor')
  const chunks: Uint8Array[] = []
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) chunks.push(chunk)
  const all = concat(chunks)
  const out: unknown[] = []
  // Every answer here is shorter than 128 bytes: one byte of length.
  for (let at = 0; at < all.length; at += 1 + (all[at] ?? 0))
    out.push(decode(all.subarray(at + 1, at + 1 + (all[at] ?? 0))))
  return out
}

describe('a hostile peer', () => {
  it.each([
    ['no CBOR', new Uint8Array([0xff]), 'net.malformed'],
    ['no message', encodeMessage({ type: 'offer' }), 'net.malformed'],
    ['an unknown message', encodeMessage({ type: 'give', id: 'x' }), 'net.malformed'],
    [
      'an offer of nothing',
      encodeMessage({ type: 'offer', id: 'x', minCopies: 2, intervalSec: 600, priority: 50, createdAt: 1 }),
      'net.malformed',
    ],
    ['no DID', encodeMessage({ ...offer, id: 'x', wants: 'alice' }), 'net.malformed'],
    ['an interval of a second', encodeMessage({ ...offer, id: 'x', intervalSec: 1 }), 'net.malformed'],
    ['an id that is a path', encodeMessage({ ...offer, id: '../x' }), 'net.malformed'],
    ['an end that does not say whether to purge', encodeMessage({ type: 'end', id: 'x' }), 'net.malformed'],
    ['a message too long', new Uint8Array(LIMITS.message + 1), 'net.too-large'],
  ])('gets nothing for %s', async (_, body) => {
    await pair(async (_a, b, { network }) => {
      const stream = await network.node('m').open('b', AGREEMENTS_PROTOCOL)
      const head = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7]
      await stream.write(concat([new Uint8Array(head), body]))
      await expect(stream.read()).rejects.toMatchObject({ code: 'net.reset' })
      expect(await b.list()).toEqual([])
      expect(await b.storage.count('agreements')).toBe(0)
    })
  })

  it('reaches no agreement of others', () =>
    pair(async (a, b, { side, network }) => {
      await agree(a, b)
      await side('c')
      const row = await a.one()
      const [id = ''] = row.id.split('/').slice(1)
      const stream = await network.node('m').open('b', AGREEMENTS_PROTOCOL)
      await writeMessage(stream, {
        type: 'accept',
        id,
        offer: 'x',
        minCopies: 1,
        intervalSec: 60,
        priority: 1,
        createdAt: 1,
      })
      await writeMessage(stream, { type: 'end', id, purge: true })
      await stream.closeWrite()
      expect(await answers(stream)).toEqual([{ status: 'unknown' }, { status: 'ended', purged: 'nothing' }])
      expect(await b.one()).toMatchObject({ peer: 'a', state: 'active' })
      expect(b.purges).toEqual([])
    }))

  it('fills no more than its room, and leaves what it ended forgotten', () =>
    pair(async (_a, b, { network }) => {
      const stream = await network.node('m').open('b', AGREEMENTS_PROTOCOL)
      for (let n = 0; n <= LIMITS.perPeer; n++)
        await writeMessage(stream, { ...offer, id: `o${n}`, wants: `did:plc:${n}` })
      for (let n = 0; n < LIMITS.perPeer; n++)
        await writeMessage(stream, { type: 'end', id: `o${n}`, purge: true })
      await stream.closeWrite()
      const got = await answers(stream)
      expect(got[LIMITS.perPeer]).toEqual({ status: 'refused', reason: 'limit' })
      expect(got.filter((it) => (it as { status: string }).status === 'pending').length).toBe(LIMITS.perPeer)
      expect((await b.list()).length).toBe(LIMITS.endedPerPeer)
    }))

  it('that is silent, or answers with what is no answer, costs a typed error and is asked again', () =>
    pair(async (a, _b, { network, timers }) => {
      let say: (stream: ByteStream) => Promise<void> = async () => new Promise(() => {})
      network.node('m').handle(AGREEMENTS_PROTOCOL, (stream) => say(stream))
      await a.offer({ peer: 'm', ...both })
      timers.expire(LIMITS.patience)
      // The first is the dial's, which succeeds; the next is the wait for the answer.
      timers.expire(LIMITS.patience)
      expect(await a.deliver('m')).toMatchObject({ answered: 0, waiting: 1, error: { code: 'net.timeout' } })
      say = (stream) => writeMessage(stream, { status: 'active' })
      expect(await a.deliver('m')).toMatchObject({ waiting: 1, error: { code: 'net.malformed' } })
      say = (stream) => writeMessage(stream, { status: 'refused', reason: 'not-now' })
      expect(await a.deliver('m')).toMatchObject({ answered: 1, waiting: 1, error: undefined })
      expect(await a.one()).toMatchObject({ state: 'offered', refused: 'not-now', waiting: true })
    }))
})
