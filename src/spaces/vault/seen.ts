import * as v from 'valibot'
import { equalBytes } from '../../core/bytes.ts'
import { leftOf } from '../../core/clock.ts'
import { compareRev, isTid } from '../../core/tid.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { SpacesError } from '../errors.ts'
import { ascending, deviceDid, link, readMap, version1 } from '../maps.ts'
import { commitInner, type InnerChange } from './commit.ts'
import type { VaultParts } from './parts.ts'
import { type Heads, judgeHeads, type SeenVerdict } from './judge-seen.ts'

/** Where each device says what it has seen. */
export const SEEN = { collection: 'app.cairn.space.seen', rkey: 'self' } as const

/** ms between two words of one device about what it has seen. */
const PAUSE = 30_000
/** Devices in one vector: those that wrote last. */
const MAX_DEVICES = 4096
const MAX_BYTES = 1_000_000

const shape = v.strictObject({
  ver: version1,
  seen: v.pipe(
    v.array(v.strictTuple([deviceDid, v.pipe(v.string(), v.check(isTid)), link])),
    v.maxLength(MAX_DEVICES),
    v.check((list) => ascending(list.map(([device]) => device))),
  ),
})

const encodeHeads = (heads: Heads): Uint8Array<ArrayBuffer> => {
  const newest = [...heads].sort(([, a], [, b]) => (a.rev < b.rev ? 1 : -1)).slice(0, MAX_DEVICES)
  newest.sort(([a], [b]) => (a < b ? -1 : 1))
  return encodeDagCbor({ ver: 1, seen: newest.map(([device, it]) => [device, it.rev, { $link: it.commit }]) })
}

/** Throws SpacesError `spaces.seen-malformed`, `spaces.version`. */
const readHeads = (bytes: Uint8Array): Heads =>
  new Map(
    readMap(bytes, shape, 'spaces.seen-malformed', MAX_BYTES).seen.map(([device, rev, commit]) => [
      device,
      { rev, commit },
    ]),
  )

export interface Seen {
  /** What goes with a commit that is made anyway, when something was seen since the last time and that is long enough ago. */
  due(): InnerChange | undefined
  /** That is durable. */
  said(change: InnerChange): void
  /** Says what was seen, when something was since the last time and that is long enough ago; true when it did. */
  publish(): Promise<boolean>
  /** The newest head of this device that another says it has seen. */
  ownHead(): Promise<{ readonly rev: string; readonly commit: string } | undefined>
  /** How what a source offers stands to what members said they have seen. */
  judge(offered: Heads): Promise<SeenVerdict>
}

/** What this device has seen, and what the others say that they have. */
export function createSeen(parts: VaultParts): Seen {
  const { repos, host, effects, alone } = parts
  let saidAt: number | undefined
  let last: Uint8Array | undefined
  /** others wrote something: their words about what they have seen are nothing to answer */
  let isNews = false
  /** by device, as long as it says nothing else */
  const vectors = new Map<string, Heads | undefined>()
  effects.onChange(({ entities, records }) => {
    if (entities.length > 0) isNews = true
    for (const { device, collection } of records) {
      if (collection === SEEN.collection) vectors.delete(device)
      else isNews = true
    }
  })

  const heldHeads = (): Map<string, { rev: string; commit: string }> =>
    new Map([...repos.books()].map(([device, { claim }]) => [device, { rev: claim.rev, commit: claim.cid }]))

  function due(): InnerChange | undefined {
    const now = host.now()
    if (saidAt !== undefined && leftOf(PAUSE, saidAt, now) > 0) return undefined
    const heads = heldHeads()
    heads.delete(parts.device().id)
    const value = encodeHeads(heads)
    if (heads.size === 0 || (last !== undefined && equalBytes(last, value))) return undefined
    return { ...SEEN, value }
  }

  function note({ value }: InnerChange): void {
    saidAt = host.now()
    last = value
    isNews = false
  }

  async function vectorOf(device: string): Promise<Heads | undefined> {
    if (vectors.has(device)) return vectors.get(device)
    let heads: Heads | undefined
    try {
      const [value] = (await repos.books().get(device)?.read([SEEN])) ?? []
      heads = value && readHeads(value)
    } catch (error) {
      if (!(error instanceof SpacesError)) throw error
      effects.ignored({ code: error.code, device, fields: error.fields })
    }
    vectors.set(device, heads)
    return heads
  }

  async function allWords(): Promise<ReadonlyMap<string, Heads>> {
    const words = new Map<string, Heads>()
    for (const device of repos.books().keys()) {
      const heads = await vectorOf(device)
      if (heads !== undefined) words.set(device, heads)
    }
    return words
  }

  return {
    due,
    said: note,
    publish: () =>
      alone(async () => {
        const change = isNews && parts.role() !== 'none' && parts.role() !== 'reader' ? due() : undefined
        if (change === undefined) return false
        await commitInner(parts, () => [change])
        note(change)
        effects.tell()
        return true
      }),
    judge: (offered) =>
      alone(async () => judgeHeads(await allWords(), heldHeads(), offered, parts.log.members.state().frozen)),
    ownHead: () =>
      alone(async () => {
        const own = parts.device().id
        const heads = [...(await allWords())].flatMap(([by, it]) => (by === own ? [] : (it.get(own) ?? [])))
        return heads.sort((a, b) => compareRev(b.rev, a.rev))[0]
      }),
  }
}
