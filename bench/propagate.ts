import { setTimeout } from 'node:timers/promises'
import { tidAfter } from '../src/repo/testing/generate.ts'
import type { RepoEdits } from '../src/repo/testing/edit.ts'
import type { BenchContext } from './lib/context.ts'
import { type LiveAccount, liveAccount } from './lib/live-account.ts'
import { type MemberPage, withMembers } from './lib/members.ts'
import { processorOf } from './lib/processor.ts'
import { profilePage } from './lib/profile.ts'
import { startRelay } from './lib/relay.ts'
import { startRivalServer } from './lib/rival-server.ts'
import { type BenchRow, median, percentile } from './lib/table.ts'
import { type StartMember, type System, textOf } from './pages/member/protocol.ts'

/** Receivers; `--sizes` gives others. */
const PEERS = [1, 8, 32]
/** What is kept before the first edit. */
const RECORDS = 1000
/** Edits that are measured in each run, the fewer the more receivers each has; and those before, to get warm. */
const editsFor = (peers: number): number => (peers === 1 ? 25 : 12)
const WARM_UP = 3
/** Between two edits, so that what the one leaves to do is no part of the other, ms. */
const PAUSE = 250
/** Until a member has its links, ms; and how often that is looked at. */
const LINKED_WITHIN = 15_000
const LOOK = 150
/** Until an edit is everywhere, ms. */
const SEEN_WITHIN = 60_000

type Way = 'relay' | 'direct'
/** What is measured: ours by two ways, and rivals. */
interface Subject {
  readonly name: string
  readonly system: System
  readonly way?: Way
  /** its transactions are made to wait for the disk */
  readonly strict?: true
}
const OURS: readonly Subject[] = [
  { name: 'through the relay only', system: 'cairn', way: 'relay' },
  { name: 'WebRTC where it can be', system: 'cairn', way: 'direct' },
]
const RIVALS: readonly Subject[] = [
  { name: 'y-websocket + y-indexeddb', system: 'yjs' },
  { name: 'automerge-repo', system: 'automerge' },
]
/** The same with the durability that ours has of itself. */
const STRICT: readonly Subject[] = RIVALS.map((it) => ({ ...it, name: `${it.name}, strict`, strict: true }))

/** What one run of a subject gave. */
interface Taken {
  readonly samples: readonly Sample[]
  /** of all processes of the browser for one edit, until it is everywhere, ms */
  readonly processor: number
}

/** One sample: an edit at one receiver, ms. */
interface Sample {
  readonly durable: number
  readonly visible: number
  /** from when the edit was handed to the sender, before that one had proven and stored it */
  readonly handed: number
  /** one strict transaction of as many bytes there, in a bare database; 0 where none was measured */
  readonly floor: number
  /** a message there through the same network, and that transaction; 0 where none was measured */
  readonly bare: number
}

interface Arrival extends Sample {
  /** of the transaction that made it durable */
  readonly bytes: number
}

/** One edit from the member that makes it to all others, until it is durable and until it is drawn there. */
export async function benchPropagate(context: BenchContext): Promise<BenchRow[]> {
  const counts = context.sizes ?? PEERS
  const rows: BenchRow[] = []
  for (const peers of counts) {
    const taken = new Map<Subject, Taken[]>()
    for (let i = 0; i < context.runs; i++)
      for (const subject of [
        ...(context.ours ? OURS : []),
        ...(context.rivals ? [...RIVALS, ...STRICT] : []),
      ]) {
        context.log(`propagate to ${peers}, ${subject.name}, run ${i + 1} of ${context.runs}`)
        taken.set(subject, [...(taken.get(subject) ?? []), await measure(context, subject, peers)])
      }
    rows.push(
      ...rowsOf(peers, new Map([...taken].map(([of, runs]) => [of, runs.flatMap((it) => it.samples)]))),
    )
    if (context.ours) rows.push(processorRow(peers, taken))
  }
  return rows
}

async function measure(context: BenchContext, subject: Subject, peers: number): Promise<Taken> {
  const edits = WARM_UP + editsFor(peers)
  const account = await liveAccount(
    RECORDS,
    Array.from({ length: edits }, (_, i) => (repo): RepoEdits => ({ create: [postOf(repo.rev, i + 1)] })),
  )
  const base = `${account.origin}/bench/base`
  try {
    const middle =
      subject.system === 'cairn' ? await startRelay() : await startRivalServer(subject.system, base)
    const input: Omit<StartMember, 'index'> = {
      server: middle.origin,
      did: account.did,
      pds: account.origin,
      relayOnly: subject.way === 'relay',
      base,
      document: 'document' in middle ? middle.document : '',
      strict: subject.strict === true,
    }
    try {
      return await withMembers(context.origin, subject.system, peers + 1, async (members) => {
        await begin(members, input)
        const samples: Sample[] = []
        let processor = 0
        let ended: (() => Promise<void>) | undefined
        for (let number = 1; number <= edits; number++) {
          if (number === WARM_UP + 1 && context.profile) ended = await profileTwo(context, members)
          const before = await spentBy(members)
          const one = await propagate(account, members, number)
          if (number > WARM_UP) {
            processor += (await spentBy(members)) - before
            const isOurs = subject.system === 'cairn'
            samples.push(...(isOurs ? await withBare(members, number, await withFloors(members, one)) : one))
          }
          await setTimeout(PAUSE)
        }
        await ended?.()
        const all = samples.map(({ durable }) => durable)
        context.log(
          `  p50 ${Math.round(percentile(all, 0.5))} ms, p99 ${Math.round(percentile(all, 0.99))} ms`,
        )
        return { samples, processor: processor / editsFor(peers) }
      })
    } finally {
      await middle.stop()
    }
  } finally {
    await account.close()
  }
}

/** A post that sorts behind all others. */
const postOf = (rev: string, number: number) => ({
  path: `app.bsky.feed.post/${tidAfter(rev, 1_000_000 + number)}`,
  value: { $type: 'app.bsky.feed.post', text: textOf(number), createdAt: '2026-10-02T00:00:00.000Z' },
})

/**
 * One after the other, the one that edits first, since of rivals it has the base. Each has the time to find those
 * before it: ours link everyone with everyone, and so many handshakes at once would only time out.
 */
async function begin(members: readonly MemberPage[], input: Omit<StartMember, 'index'>): Promise<void> {
  const isOurs = input.document === ''
  const linksOf = (one: MemberPage): Promise<number> => one.call('links', undefined)
  for (const [index, one] of members.entries()) {
    await one.call('start', { ...input, index })
    await until(async () => (await linksOf(one)) >= (isOurs ? index : 1), LINKED_WITHIN)
  }
  // Whoever dropped a link has made it anew, or never will. One that is replaced by a better one is none for a moment.
  const wanted = isOurs ? members.length - 1 : 1
  let links: number[] = []
  await until(async () => {
    links = await Promise.all(members.map(linksOf))
    return links.every((count) => count >= wanted)
  }, LINKED_WITHIN)
  if (links.includes(0)) throw new Error(`links of members: ${links.join(', ')}`)
}

/** Looks now and then until it holds, or the time is over. */
async function until(holds: () => Promise<boolean>, ms: number): Promise<void> {
  for (const deadline = Date.now() + ms; Date.now() < deadline;) {
    if (await holds()) return
    await setTimeout(LOOK)
  }
}

async function propagate(
  account: LiveAccount,
  members: readonly MemberPage[],
  number: number,
): Promise<Arrival[]> {
  const [sender, ...receivers] = members
  if (sender === undefined) throw new Error('someone makes the edit')
  account.publish(number)
  // asked beforehand, so that asking is no part of what is measured
  const seen = receivers.map((one) => one.call('seen', number))
  const { at, handedAt } = await sender.call('edit', number)
  const end = new AbortController()
  const late = setTimeout(SEEN_WITHIN, undefined, { signal: end.signal }).then(() => {
    throw new Error(`edit ${number} did not arrive everywhere`)
  })
  try {
    const all = await Promise.race([Promise.all(seen), late])
    return all.map(({ durable, visible, bytes }) => ({
      durable: durable - at,
      visible: visible - at,
      handed: durable - handedAt,
      floor: 0,
      bare: 0,
      bytes,
    }))
  } finally {
    late.catch(() => {})
    end.abort()
  }
}

/** After a pause, at all receivers at once, as the edit was. */
async function withFloors(
  [, ...receivers]: readonly MemberPage[],
  arrivals: readonly Arrival[],
): Promise<Arrival[]> {
  await setTimeout(PAUSE)
  const floors = await Promise.all(receivers.map((one, i) => one.call('floor', arrivals[i]?.bytes ?? 0)))
  return arrivals.map((one, i) => ({ ...one, floor: floors[i] ?? 0 }))
}

/** After another pause: what the network and the disk take by themselves. */
async function withBare(
  [sender, ...receivers]: readonly MemberPage[],
  number: number,
  arrivals: readonly Arrival[],
): Promise<Sample[]> {
  await setTimeout(PAUSE)
  const seen = receivers.map((one) => one.call('bareSeen', number))
  const sent = (await sender?.call('bare', { number, bytes: arrivals[0]?.bytes ?? 0 })) ?? 0
  const stored = await Promise.all(seen)
  return arrivals.map((one, i) => ({ ...one, bare: (stored[i] ?? sent) - sent }))
}

/** Processor time of all members' browser so far, ms. */
async function spentBy([one]: readonly MemberPage[]): Promise<number> {
  const browser = one?.page.context().browser()
  if (browser === null || browser === undefined) return 0
  return [...(await processorOf(browser)).values()].reduce((sum, ms) => sum + ms, 0)
}

/** Lines of a profile that are shown for each of them. */
const SHOWN = 30

/** Samples the sender and the first receiver. */
async function profileTwo(
  context: BenchContext,
  members: readonly MemberPage[],
): Promise<() => Promise<void>> {
  const ends = await Promise.all(members.slice(0, 2).map(({ page }) => profilePage(page.context(), page)))
  return async () => {
    for (const [i, end] of ends.entries())
      for (const { thread, name, share } of (await end())
        .toSorted((a, b) => b.share - a.share)
        .slice(0, SHOWN))
        context.log(
          `    ${i === 0 ? 'sender' : 'receiver'}: ${(share * 100).toFixed(1)} % ${thread}: ${name}`,
        )
  }
}

const SHARES = [
  ['p50', 0.5],
  ['p99', 0.99],
] as const

const ROWS = [
  ...SHARES.map(
    ([name, share]) => ({ what: 'durable', text: 'durable', name, share, against: RIVALS }) as const,
  ),
  ...SHARES.map(
    ([name, share]) =>
      ({ what: 'durable', text: 'durable, rivals strict too', name, share, against: STRICT }) as const,
  ),
  ...SHARES.map(
    ([name, share]) => ({ what: 'visible', text: 'visible', name, share, against: RIVALS }) as const,
  ),
  {
    what: 'bare',
    text: 'a message through libp2p alone and one strict transaction, nothing proven',
    name: 'p50',
    share: 0.5,
    against: [],
  },
  {
    what: 'handed',
    text: 'durable, from when the sender was given it',
    name: 'p50',
    share: 0.5,
    against: RIVALS,
  },
] as const

const sizeOf = (peers: number): string => (peers === 1 ? '1 peer' : `${peers} peers`)

/** What an edit costs all pages together: shared by the cores there are, nobody can have it everywhere sooner. */
function processorRow(peers: number, taken: ReadonlyMap<Subject, readonly Taken[]>): BenchRow {
  const spent = Object.fromEntries(
    [...taken].map(([{ name }, runs]) => [name, median(runs.map(({ processor }) => processor))]),
  )
  return {
    name: 'propagate: processor time of the browser for an edit, until it is everywhere and drawn',
    size: sizeOf(peers),
    unit: 'ms',
    ours: undefined,
    rivals: spent,
    target: '–',
    met: undefined,
  }
}

function rowsOf(peers: number, samples: ReadonlyMap<Subject, readonly Sample[]>): BenchRow[] {
  const size = sizeOf(peers)
  const of = (subject: Subject, what: keyof Sample, share: number): number | undefined => {
    const taken = samples.get(subject)
    return taken === undefined
      ? undefined
      : percentile(
          taken.map((one) => one[what]),
          share,
        )
  }
  const rivalsOf = (
    subjects: readonly Subject[],
    what: keyof Sample,
    share: number,
  ): Record<string, number> =>
    Object.fromEntries(
      subjects.flatMap((rival) => {
        const value = of(rival, what, share)
        return value === undefined ? [] : [[rival.name, value] as const]
      }),
    )
  return OURS.flatMap((subject) =>
    ROWS.map(({ what, text, name, share, against }): BenchRow => {
      const ours = of(subject, what, share)
      const rivals = rivalsOf(against, what, share)
      const floor = what === 'durable' && against === RIVALS ? of(subject, 'floor', share) : undefined
      const judged = what === 'durable' && name === 'p50' && Object.keys(rivals).length > 0
      return {
        name: `propagate, ${subject.name}: ${text}, ${name}`,
        size,
        unit: 'ms',
        ours,
        ...(floor === undefined || ours === undefined ? {} : { floor, ratio: ours / floor }),
        rivals,
        target: judged ? 'not above the faster rival' : '–',
        met: judged && ours !== undefined ? ours <= Math.min(...Object.values(rivals)) : undefined,
      }
    }),
  )
}
