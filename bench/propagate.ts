import { setTimeout } from 'node:timers/promises'
import { tidAfter } from '../src/repo/testing/generate.ts'
import type { RepoEdits } from '../src/repo/testing/edit.ts'
import type { BenchContext } from './lib/context.ts'
import { type LiveAccount, liveAccount } from './lib/live-account.ts'
import { type MemberPage, withMembers } from './lib/members.ts'
import { startRelay } from './lib/relay.ts'
import { startRivalServer } from './lib/rival-server.ts'
import { type BenchRow, percentile } from './lib/table.ts'
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

/** One sample: an edit at one receiver, ms. */
interface Sample {
  readonly durable: number
  readonly visible: number
  /** from when the edit was handed to the sender, before that one had proven and stored it */
  readonly handed: number
  /** one strict transaction of as many bytes there, in a bare database; 0 where none was measured */
  readonly floor: number
}

/** One edit from the member that makes it to all others, until it is durable and until it is drawn there. */
export async function benchPropagate(context: BenchContext): Promise<BenchRow[]> {
  const counts = context.sizes ?? PEERS
  const rows: BenchRow[] = []
  for (const peers of counts) {
    const samples = new Map<Subject, Sample[]>()
    for (let i = 0; i < context.runs; i++)
      for (const subject of [
        ...(context.ours ? OURS : []),
        ...(context.rivals ? [...RIVALS, ...STRICT] : []),
      ]) {
        context.log(`propagate to ${peers}, ${subject.name}, run ${i + 1} of ${context.runs}`)
        const taken = await measure(context, subject, peers)
        samples.set(subject, [...(samples.get(subject) ?? []), ...taken])
      }
    rows.push(...rowsOf(peers, samples))
  }
  return rows
}

async function measure(context: BenchContext, subject: Subject, peers: number): Promise<Sample[]> {
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
        for (let number = 1; number <= edits; number++) {
          const one = await propagate(account, members, number, subject.system === 'cairn')
          if (number > WARM_UP) samples.push(...one)
          await setTimeout(PAUSE)
        }
        const all = samples.map(({ durable }) => durable)
        context.log(
          `  p50 ${Math.round(percentile(all, 0.5))} ms, p99 ${Math.round(percentile(all, 0.99))} ms`,
        )
        return samples
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
  withFloor: boolean,
): Promise<Sample[]> {
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
    if (withFloor) await setTimeout(PAUSE)
    // at all of them at once, as the edit was
    const floors = withFloor
      ? await Promise.all(receivers.map((one, i) => one.call('floor', all[i]?.bytes ?? 0)))
      : []
    return all.map(({ durable, visible }, i) => ({
      durable: durable - at,
      visible: visible - at,
      handed: durable - handedAt,
      floor: floors[i] ?? 0,
    }))
  } finally {
    late.catch(() => {})
    end.abort()
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
    what: 'handed',
    text: 'durable, from when the sender was given it',
    name: 'p50',
    share: 0.5,
    against: RIVALS,
  },
] as const

function rowsOf(peers: number, samples: ReadonlyMap<Subject, readonly Sample[]>): BenchRow[] {
  const size = peers === 1 ? '1 peer' : `${peers} peers`
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
