import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Storage } from '../../storage/port.ts'
import { parseKeyCard, readKeyCard } from '../key-card.ts'
import { MembersError } from '../members/errors.ts'
import { createMembers } from '../members/members.ts'
import { parseOperation } from '../members/operation.ts'
import { logDigest } from './digest.ts'
import type { LogAdded, LogItems, SpaceLog } from './model.ts'
import { createLogShelf } from './shelf.ts'

export interface SpaceLogOptions {
  readonly storage: Storage
  readonly space: string
  /** CID of the operation that the space began with */
  readonly root: string
  readonly sha256: Sha256
}

/**
 * Opens the log of a space with what is kept of it. Several contexts of one device may have it open: each takes in what
 * the others wrote when it writes itself.
 *
 * @throws MembersError `members.wrong-space`; StorageError
 */
export async function createSpaceLog(options: SpaceLogOptions): Promise<SpaceLog> {
  const { storage, space, root, sha256 } = options
  const members = createMembers({ space, root, sha256 })
  const shelf = createLogShelf(storage, space, members, sha256)
  const { kept, cards } = shelf
  const listeners = new Set<() => void>()
  let digest: { readonly version: number; readonly bytes: Uint8Array } | undefined

  async function takeOperation(bytes: Uint8Array, report: Report): Promise<void> {
    try {
      const { entered, refused } = await members.add(bytes)
      for (const cid of entered) shelf.put({ kind: 'operation', bytes: new Uint8Array(members.bytesOf(cid)) })
      report.entered.push(...entered)
      for (const { error } of refused) report.refused.push({ what: 'operation', code: error.code })
    } catch (error) {
      report.refused.push({ what: 'operation', code: codeOf(error) })
    }
  }

  /** Only of devices that some operation named: anybody can sign cards of their own. */
  async function takeCard(bytes: Uint8Array, report: Report): Promise<void> {
    try {
      const { device } = parseKeyCard(bytes).card
      if (!members.knows(device)) throw new MembersError('members.unknown-author', { author: device })
      if (!cards.isWanted(device, bytes)) return
      await readKeyCard(bytes)
      shelf.put({ kind: 'card', bytes: new Uint8Array(bytes) })
    } catch (error) {
      report.refused.push({ what: 'card', code: codeOf(error) })
    }
  }

  async function add({ operations = [], cards: given = [] }: LogItems): Promise<LogAdded> {
    const report: Report = { entered: [], refused: [] }
    const isLoaded = await shelf.load()
    for (const it of operations) await takeOperation(it, report)
    for (const it of given) await takeCard(it, report)
    const isSaved = await shelf.save()
    if (isLoaded || isSaved) for (const listener of listeners) listener()
    return { changed: isLoaded || isSaved, ...report, missing: members.missing() }
  }

  // One at a time, over all contexts: numbers follow one another.
  const addAlone = (items: LogItems): Promise<LogAdded> =>
    storage.lock(`space-log/${space}`, { mode: 'exclusive' }, () => add(items))

  await shelf.load()
  return {
    space,
    root,
    members,
    add: addAlone,
    heads: () => members.state().heads,
    after: (heads) => members.after(heads).filter((it) => kept.has(it)),
    operation: (cid) => (kept.has(cid) ? members.bytesOf(cid) : undefined),
    card: cards.get,
    cards: cards.all,
    digest() {
      const version = shelf.version()
      if (digest?.version !== version) digest = { version, bytes: logDigest([...kept], cards.all(), sha256) }
      return new Uint8Array(digest.bytes)
    },
    get bytes() {
      return shelf.bytes()
    },
    endingOf: (key, have) => members.endingOf(key, have)?.filter((it) => kept.has(it)),
    joinOf(device) {
      const cid = members.joinsOf(device).find((it) => kept.has(it))
      return cid === undefined ? undefined : members.bytesOf(cid)
    },
    async knock(device, join) {
      const cid = joinBy(device, join, sha256)
      if (cid === undefined) return false
      await addAlone({ operations: [join] })
      return kept.has(cid)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The CID of an operation that is a join by this device. */
function joinBy(device: string, bytes: Uint8Array, sha256: Sha256): string | undefined {
  try {
    const { cid, operation } = parseOperation(bytes, sha256)
    return operation.act.kind === 'join' && operation.author === device ? cid : undefined
  } catch (error) {
    codeOf(error)
    return undefined
  }
}

interface Report {
  readonly entered: string[]
  readonly refused: { readonly what: 'operation' | 'card'; readonly code: string }[]
}

/** What others gave is refused with a code; whatever else goes wrong is thrown on. */
function codeOf(error: unknown): string {
  if (error instanceof CairnError) return error.code
  throw error
}
