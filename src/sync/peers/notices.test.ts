import { expect, it } from 'vitest'
import { createChannelKit, until } from '../../net/events/testing/channel-kit.ts'
import type { SentList } from '../packs/sent-list.ts'
import { createNotices, type Notices } from './notices.ts'

const ALICE = 'did:plc:alice'
const BOB = 'did:web:bob.example'
const [REV, LATER] = ['3lmztkjyh2k2a', '3lmztkjyh2k2c']
const NEXT = '3lmztkjyh2k2b'

/** Two nodes, each the other's hub. */
async function withTwo(
  use: (kit: {
    readonly a: Notices
    readonly b: Notices
    /** what `b` heard: peer and repo */
    readonly heard: string[]
    readonly network: ReturnType<typeof createChannelKit>['network']
    readonly pass: (ms: number) => void
    /** `a` publishes until `b` has heard of it, which subscribes by itself. */
    readonly reaches: (did: string) => Promise<void>
  }) => Promise<void>,
  mayRead: (peer: string, did: string) => boolean = () => true,
): Promise<void> {
  const { host, network, pass } = createChannelKit()
  const heard: string[] = []
  const a = createNotices({ net: network.node('a'), host, mayRead, onNews: () => {} })
  const b = createNotices({
    net: network.node('b'),
    host,
    mayRead: () => true,
    onNews: (peer, did) => void heard.push(`${peer} ${did}`),
  })
  const reaches = async (did: string): Promise<void> => {
    const before = heard.length
    await until(() => {
      a.publish(did, REV)
      return heard.length > before
    })
  }
  try {
    await use({ a, b, heard, network, pass, reaches })
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

it('a new head is told to whoever follows the repo there, and nobody else', () =>
  withTwo(async ({ a, b, heard, reaches }) => {
    const over = new AbortController()
    b.follow('a', [ALICE], over.signal)
    await reaches(ALICE)
    heard.length = 0
    a.publish(BOB, REV)
    a.publish(ALICE, LATER)
    await until(() => heard.length > 0)
    expect(new Set(heard)).toEqual(new Set([`a ${ALICE}`]))
  }))

it('a repo is followed for as long as anyone asks for it', () =>
  withTwo(async ({ a, b, heard, reaches }) => {
    const [one, two] = [new AbortController(), new AbortController()]
    b.follow('a', [ALICE], one.signal)
    b.follow('a', [ALICE, BOB], two.signal)
    await reaches(BOB)
    one.abort()
    await reaches(ALICE)
    const three = new AbortController()
    b.follow('a', [BOB], three.signal)
    // One that is over already asks for nothing.
    b.follow('a', [ALICE], one.signal)
    two.abort()
    // Events keep their order: with word of Bob, whatever was on its way before has come.
    await reaches(BOB)
    heard.length = 0
    a.publish(ALICE, LATER)
    await reaches(BOB)
    expect(new Set(heard)).toEqual(new Set([`a ${BOB}`]))
    three.abort()
  }))

it('who may not read a repo hears nothing of it, and nobody hears of all at once', () =>
  withTwo(
    async ({ a, b, heard, reaches }) => {
      const over = new AbortController()
      b.follow('a', [BOB, ''], over.signal)
      b.follow('a', [ALICE], over.signal)
      await reaches(ALICE)
      heard.length = 0
      a.publish(BOB, REV)
      await reaches(ALICE)
      expect(new Set(heard)).toEqual(new Set([`a ${ALICE}`]))
    },
    (peer, did) => peer === 'b' && did === ALICE,
  ))

it('what may have been missed while the line was broken is news', () =>
  withTwo(async ({ a, b, heard, network, pass, reaches }) => {
    const over = new AbortController()
    b.follow('a', [ALICE], over.signal)
    await reaches(ALICE)
    heard.length = 0
    network.cut('b')
    a.publish(ALICE, LATER)
    network.mend('b')
    await until(() => {
      pass(1000)
      return heard.length > 0
    })
    expect(new Set(heard)).toEqual(new Set([`a ${ALICE}`]))
  }))

const LIST = {
  after: 'bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454',
  pack: new Uint8Array(600),
}

/** Two nodes that follow each other in one repo; lists that each heard, undefined where none came along. */
async function withLists(
  use: (kit: {
    readonly a: Notices
    readonly b: Notices
    readonly heard: { readonly a: (SentList | undefined)[]; readonly b: (SentList | undefined)[] }
    readonly sent: unknown[]
  }) => Promise<void>,
): Promise<void> {
  const { host, network } = createChannelKit()
  const heard = { a: [] as (SentList | undefined)[], b: [] as (SentList | undefined)[] }
  const newest = { a: '', b: '' }
  const sent: unknown[] = []
  const open = (id: 'a' | 'b'): Notices =>
    createNotices({
      net: network.node(id),
      host,
      mayRead: () => true,
      onNews(_peer, _did, rev, list) {
        if (rev !== undefined) newest[id] = rev
        if (rev === LATER) heard[id].push(list)
      },
      onSent: (...one) => void sent.push([id, ...one]),
    })
  const [a, b] = [open('a'), open('b')]
  const over = new AbortController()
  a.follow('b', [ALICE], over.signal)
  b.follow('a', [ALICE], over.signal)
  try {
    await until(() => {
      a.publish(ALICE, REV)
      b.publish(ALICE, REV)
      return newest.a === REV && newest.b === REV
    })
    // What was on its way before has come with these.
    a.publish(ALICE, NEXT)
    b.publish(ALICE, NEXT)
    await until(() => newest.a === NEXT && newest.b === NEXT)
    await use({ a, b, heard, sent })
  } finally {
    over.abort()
    await Promise.all([a.close(), b.close()])
  }
}

it('what leads to a head goes along with word of it, but to those who said that they have it', () =>
  withLists(async ({ a, b, heard, sent }) => {
    a.publish(ALICE, LATER, () => LIST)
    await until(() => heard.b.length > 0)
    expect(heard.b.at(-1)).toEqual(LIST)
    expect(sent).toEqual([['a', 'b', ALICE, LIST.pack.length, 'changes']])
    b.publish(ALICE, LATER, () => LIST)
    await until(() => heard.a.length > 0)
    expect(heard.a).toEqual([undefined])
    expect(sent).toHaveLength(1)
  }))

it('who has yet to take what it was told last is only told that there is more', () =>
  withLists(async ({ a, heard }) => {
    const count = 64
    for (let i = 0; i < count; i++)
      a.publish(ALICE, LATER, () => ({ ...LIST, pack: new Uint8Array(16 * 1024) }))
    await until(() => heard.b.length >= count)
    expect(heard.b.filter((it) => it !== undefined)).toHaveLength(1)
    expect(heard.b[0]).toBeDefined()
  }))

it('whoever comes back to a repo while others are followed is asked anew whether it tells of it', () => {
  const readable = new Set([ALICE])
  return withTwo(
    async ({ a, b, heard, reaches }) => {
      const link = new AbortController()
      const leave = b.follow('a', [ALICE, BOB], link.signal)
      await reaches(ALICE)
      readable.add(BOB)
      leave([BOB])
      b.follow('a', [BOB], link.signal)
      await reaches(BOB)
      // One that may hear no more, and has left, hears no more.
      leave([ALICE])
      await reaches(BOB)
      heard.length = 0
      a.publish(ALICE, LATER)
      await reaches(BOB)
      expect(new Set(heard)).toEqual(new Set([`a ${BOB}`]))
      link.abort()
    },
    (_peer, did) => readable.has(did),
  )
})
