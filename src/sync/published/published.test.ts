import { describe, expect, it } from 'vitest'
import { AccountError } from '../../pds/account/errors.ts'
import { PdsError } from '../../pds/errors.ts'
import { CONSENT, OFFER, offerRecord, PEER, readPublished, rkeyOf } from './records.ts'
import { withPublished } from './testing/world.ts'

const A = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const B = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'
const C = 'did:plc:cccccccccccccccccccccccc'
const TERMS = { minCopies: 2, intervalSec: 600, priority: 50 }

describe('a published agreement', () => {
  it('is two offers that name each other, and ends when either is deleted', () =>
    withPublished(async ({ records, side, time }) => {
      const [one, two] = [side(A), side(B)]
      expect((await one.published.offer(A, B, { handle: 'b.test' })).state).toBe('offered')
      expect(records.of(A, OFFER)).toMatchObject([
        { rkey: 'did-plc-bbbbbbbbbbbbbbbbbbbbbbbb', value: { $type: OFFER, subject: B, ...TERMS } },
      ])
      expect(records.of(A, PEER)).toMatchObject([{ rkey: rkeyOf(A), value: { peerId: 'peerOfa' } }])

      expect((await two.published.look(A))?.offers).toHaveLength(1)
      expect(await two.state(A)).toBe('incoming')
      expect((await two.published.offer(B, A)).state).toBe('active')
      await one.published.round()
      expect(await one.state(B)).toBe('active')
      expect(await one.published.keeps(B)).toBe(true)
      expect((await one.published.list())[0]).toMatchObject({ handle: 'b.test', devices: 1, waiting: false })

      time.advance(1000)
      await two.published.end(B, A, true)
      expect(two.purged).toEqual([A])
      // With nothing left to keep, the device is named no more.
      expect([records.of(B, OFFER), records.of(B, PEER)]).toEqual([[], []])
      await one.published.round()
      expect((await one.published.list())[0]).toMatchObject({ state: 'ended', endedBy: 'them' })
      // Their end is the wish that our copy goes, and ours is withdrawn.
      expect(one.purged).toEqual([B])
      expect([records.of(A, OFFER), records.of(A, PEER)]).toEqual([[], []])
      await two.published.round()
      expect((await two.published.list())[0]).toMatchObject({ state: 'ended', endedBy: 'us' })

      // It can begin again.
      await one.published.offer(A, B)
      await two.published.look(A)
      expect(await two.state(A)).toBe('incoming')
      const steps = two.told.flatMap(([{ state }, before]) => (state === before ? [] : [state]))
      expect(steps).toEqual(['incoming', 'active', 'ended', 'incoming'])
    }))

  it('is not ended by what a server says alone, where a copy says that it holds', () =>
    withPublished(async ({ records, side }) => {
      const [one, two] = [side(A), side(B)]
      await one.published.offer(A, B)
      await two.published.look(A)
      await two.published.offer(B, A)
      await one.published.look(B)
      expect(await one.state(B)).toBe('active')
      const before = records.of(B, OFFER)
      one.copies.set(B, readPublished({ offers: before, consents: [], peers: [] }))
      // A server that has lost all, or lies.
      for (const { rkey } of before) records.remove(B, OFFER, rkey)
      expect((await one.published.look(B))?.offers).toEqual([])
      await one.published.offer(A, B)
      expect([await one.state(B), one.purged]).toEqual(['active', []])
      // Proven by the copy it counts.
      one.copies.set(B, readPublished({ offers: [], consents: [], peers: [] }))
      await one.published.look(B)
      expect([await one.state(B), one.purged]).toEqual(['ended', [B]])
    }))

  it('is found in copies that are kept, without anyone being asked', () =>
    withPublished(async ({ side }) => {
      const [one, two] = [side(A), side(B)]
      await one.published.offer(A, B)
      two.kept.add(A)
      await two.published.round()
      expect(await two.state(A)).toBe('incoming')
      // Taken back before it was answered: nothing remains of it.
      await one.published.end(A, B, false)
      await two.published.heard(A)
      expect(await two.state(A)).toBeUndefined()
      // What was declined does not come again by itself.
      await one.published.offer(A, B)
      await two.published.heard(A)
      await two.published.end(B, A, false)
      await two.published.round()
      expect(await two.state(A)).toBe('ended')
    }))

  it('holds one way with who lets anyone, until that is taken back', () =>
    withPublished(async ({ records, side }) => {
      const [one, two] = [side(A), side(B)]
      await two.published.setConsent(B, true)
      expect(records.of(B, CONSENT)).toMatchObject([{ rkey: rkeyOf(B), value: { scope: 'any' } }])
      expect(await two.published.consents(B)).toMatchObject({ consents: true, waiting: false })
      expect((await one.published.offer(A, B)).state).toBe('one-way')
      expect(await one.published.keeps(B)).toBe(true)
      await two.published.setConsent(B, false)
      expect(await two.published.consents(B)).toMatchObject({ consents: false, waiting: false })
      await one.published.round()
      expect(await one.state(B)).toBe('ended')
      expect(one.purged).toEqual([B])
    }))

  it('waits while a server is away, and takes silence for no answer', () =>
    withPublished(async ({ records, side }) => {
      const [one, two] = [side(A), side(B)]
      records.away.add(A)
      const offered = await one.published.offer(A, B)
      expect(offered).toMatchObject({ state: 'offered', waiting: true, error: { code: 'agreement.unread' } })
      records.away.delete(A)
      one.refuses = new PdsError('pds.timeout', { host: 'pds', ms: 1 })
      await one.published.round()
      expect((await one.published.list())[0]).toMatchObject({ waiting: true, error: { code: 'pds.timeout' } })
      one.refuses = undefined
      await one.published.round()
      expect((await one.published.list())[0]).toMatchObject({ waiting: false, error: undefined })
      await two.published.look(A)
      await two.published.offer(B, A)
      records.away.add(B)
      await one.published.round()
      expect(await one.state(B)).toBe('offered')
      records.away.delete(B)
      await one.published.round()
      expect(await one.state(B)).toBe('active')
      records.away.add(B)
      await one.published.round()
      expect([await one.state(B), one.purged]).toEqual(['active', []])
    }))

  it('is wished without a network and written when there is one, also by who comes after', () =>
    withPublished(async ({ records, side }) => {
      const before = side(A)
      for (const did of [A, B]) records.away.add(did)
      expect(await before.published.offer(A, B)).toMatchObject({ state: 'offered', waiting: true })
      await before.published.setConsent(A, true)
      await before.published.setConsent(A, false)
      await before.published.setConsent(A, true)
      expect(await before.published.consents(A)).toMatchObject({
        consents: true,
        waiting: true,
        error: { code: 'agreement.unread' },
      })
      expect(await before.published.isDue()).toBe(true)
      expect([records.of(A, OFFER), records.of(A, CONSENT)]).toEqual([[], []])

      // The tab closes; another opens on the same disk.
      const one = side(A, before)
      records.away.delete(A)
      await one.published.writeDue()
      expect(records.of(A, OFFER)).toMatchObject([{ value: { subject: B } }])
      expect(records.of(A, CONSENT)).toMatchObject([{ rkey: rkeyOf(A), value: { scope: 'any' } }])
      expect(await one.published.isDue()).toBe(false)
      expect(await one.published.consents(A)).toMatchObject({ consents: true, waiting: false })
      // What is said twice at once is written once: the server refuses to make what is there.
      records.away.delete(B)
      await Promise.all([one.published.setConsent(A, false), one.published.offer(A, C)])
      await one.published.writeDue()
      expect(records.of(A, CONSENT)).toEqual([])
      expect(records.of(A, OFFER)).toHaveLength(2)
    }))

  it('knows without a network what the account let be done when there was one', () =>
    withPublished(async ({ records, side }) => {
      const one = side(A)
      records.away.add(A)
      expect(await one.published.consents(A)).toMatchObject({ consents: undefined, waiting: false })
      records.away.delete(A)
      expect(await one.published.consents(A)).toMatchObject({ consents: false })
      records.put(A, CONSENT, 'elsewhere', { scope: 'any' })
      expect(await one.published.consents(A)).toMatchObject({ consents: true })
      records.away.add(A)
      expect(await side(A, one).published.consents(A)).toMatchObject({ consents: true, waiting: false })
      expect(await one.published.isDue()).toBe(false)
    }))

  it('leaves what takes the person to the person', () =>
    withPublished(async ({ records, side }) => {
      const one = side(A)
      records.away.add(A)
      await one.published.offer(A, B)
      records.away.delete(A)
      one.refuses = new AccountError('account.expired', { did: A })
      await one.published.writeDue()
      expect((await one.published.list())[0]).toMatchObject({
        waiting: true,
        error: { code: 'account.expired' },
      })
      expect(await one.published.isDue()).toBe(false)
      one.refuses = undefined
      await one.published.writeDue()
      expect((await one.published.list())[0]).toMatchObject({ waiting: false, error: undefined })
    }))

  it('is not begun without leave to write, or with oneself', () =>
    withPublished(async ({ side }) => {
      const one = side(A)
      one.refuses = new AccountError('account.scope', { did: A, need: 'agreements', missing: 'x' })
      await expect(one.published.offer(A, B)).rejects.toMatchObject({ code: 'account.scope' })
      await expect(one.published.setConsent(A, true)).rejects.toMatchObject({ code: 'account.scope' })
      expect(await one.published.list()).toEqual([])
      one.refuses = undefined
      await expect(one.published.offer(A, A)).rejects.toMatchObject({ code: 'agreement.invalid' })
      await expect(one.published.end(A, C, false)).rejects.toMatchObject({ code: 'agreement.not-found' })
      expect(one.told).toEqual([])
    }))

  it('is in step with what another device of the account has written', () =>
    withPublished(async ({ records, side, time }) => {
      const [one, two] = [side(A), side(A)]
      await one.published.offer(A, B)
      await two.published.round()
      expect(await two.state(B)).toBe('offered')
      await two.published.offer(A, C)
      await one.published.round()
      expect(await one.state(C)).toBe('offered')
      time.advance(10)
      await two.published.end(A, B, false)
      await one.published.round()
      expect((await one.published.list()).find((it) => it.other === B)).toMatchObject({
        state: 'ended',
        endedBy: 'us',
      })
      // A device that came second has a key of its own beside the first.
      records.put(A, PEER, rkeyOf(A), { peerId: 'first', multiaddrs: [], createdAt: '' })
      await one.published.offer(A, B)
      expect(records.of(A, PEER).map(({ rkey }) => rkey)).toEqual([rkeyOf(A), 'peerOfa'])
    }))
})

describe('published records', () => {
  it('are read each by itself, whatever stands beside them', () => {
    const at = Date.UTC(2026, 9, 1)
    const read = readPublished({
      offers: [
        { rkey: 'a', value: offerRecord(B, TERMS, at) },
        { rkey: 'b', value: { subject: C, minCopies: 1e9, intervalSec: 0, priority: 'x' } },
        { rkey: 'c', value: { subject: 'someone' } },
        { rkey: 'd', value: null },
      ],
      consents: [
        { rkey: 'a', value: { scope: 'any' } },
        { rkey: 'b', value: { scope: 'friends' } },
      ],
      peers: [
        {
          rkey: 'a',
          value: { peerId: '12D3KooW', multiaddrs: ['/ip4/1.2.3.4/tcp/1', 5, 'x'], endpoint: 'file:' },
        },
        { rkey: 'b', value: { peerId: '../x', multiaddrs: [] } },
        { rkey: 'c', value: { peerId: '12D3', endpoint: 'https://node.example' } },
      ],
    })
    expect(read.offers).toEqual([
      { rkey: 'a', subject: B, ...TERMS, createdAt: at },
      { rkey: 'b', subject: C, minCopies: 100, intervalSec: 60, priority: 50, createdAt: undefined },
    ])
    expect(read.consents).toEqual(['a'])
    expect(read.peers).toEqual([
      { rkey: 'a', peerId: '12D3KooW', multiaddrs: ['/ip4/1.2.3.4/tcp/1'], endpoint: undefined },
      { rkey: 'c', peerId: '12D3', multiaddrs: [], endpoint: 'https://node.example' },
    ])
  })
})
