import { hasCode } from '../../core/errors.ts'
import type { Storage } from '../../storage/port.ts'
import { repoRange, type SnapshotRow } from '../../storage/rows.ts'
import type { Candidate } from './choose.ts'

/** Someone's copy of a repo as it was last heard of. Table `copies`, key: DID/peer id. */
export interface CopyRow {
  readonly did: string
  readonly peer: string
  readonly kind: 'device' | 'store'
  /** the head it says it holds; undefined until it answered, or when it holds none */
  readonly rev: string | undefined
  readonly commit: string | undefined
  /** it keeps some collections only */
  readonly partial: boolean
  /** those collections, each with the rev that it was taken under; of a partial copy only */
  readonly collections?: readonly { readonly nsid: string; readonly rev: string }[]
  readonly addresses: readonly string[]
  /** ms since epoch */
  readonly answeredAt: number | undefined
  /** when it last said what it holds: a challenge is answered, too, and says nothing of that. ms since epoch */
  readonly saidAt?: number | undefined
  readonly challenge:
    | { readonly at: number; readonly ok: true; readonly ms: number }
    | {
        readonly at: number
        readonly ok: false
        readonly code: string
        readonly fields?: Readonly<Record<string, unknown>>
      }
    | undefined
  /** pulls in a row that failed, the code of the last, and when it may be asked again */
  readonly failures: number
  readonly failure: string | undefined
  readonly retryAt: number | undefined
}

/** Key of a row of table `copies`. */
export const copyKey = (did: string, peer: string): string => `${did}/${peer}`

export async function copyRows(storage: Storage, did: string): Promise<CopyRow[]> {
  return (await storage.list('copies', repoRange(did))).map(({ value }) => value as CopyRow)
}

const UNKNOWN = {
  kind: 'device',
  rev: undefined,
  commit: undefined,
  partial: false,
  addresses: [],
  answeredAt: undefined,
  challenge: undefined,
  failures: 0,
  failure: undefined,
  retryAt: undefined,
} as const

/** Changes a row, making it when it is new; for repos of which something is kept. */
export async function noteCopy(
  storage: Storage,
  did: string,
  peer: string,
  change: Partial<Omit<CopyRow, 'did' | 'peer' | 'saidAt'>>,
): Promise<CopyRow> {
  const key = copyKey(did, peer)
  const before = (await storage.get('copies', key)) as CopyRow | undefined
  const said = 'rev' in change && change.answeredAt !== undefined ? { saidAt: change.answeredAt } : {}
  const row: CopyRow = { ...UNKNOWN, ...before, ...change, ...said, did, peer }
  await storage.write([{ type: 'put', table: 'copies', key, value: row }], { durability: 'relaxed' })
  return row
}

/** Another word of the same peer may be written at the same time; not this often. */
const ROUNDS = 5

/** Notes that a peer has kept its word on a head, unless it has said meanwhile that it has a newer one. */
export async function noteKeptWord(
  storage: Storage,
  { peer, kind, addresses }: Candidate,
  head: Pick<SnapshotRow, 'did' | 'rev' | 'commitCid'>,
  now: number,
): Promise<void> {
  const { did, rev = '', commitCid: commit } = head
  const key = copyKey(did, peer)
  for (let round = 1; ; round++) {
    // Our own row, written by this code.
    const before = (await storage.get('copies', key)) as CopyRow | undefined
    const said = { rev, commit, partial: false, collections: [], answeredAt: now, saidAt: now }
    const value: CopyRow = {
      ...{ ...UNKNOWN, ...before, did, peer, kind, addresses },
      ...(rev < (before?.rev ?? '') ? {} : said),
      ...{ failures: 0, failure: undefined, retryAt: undefined },
    }
    const isStill = (row: unknown): boolean => (row as CopyRow | undefined)?.rev === before?.rev
    try {
      await storage.write([{ type: 'put', table: 'copies', key, value }], {
        durability: 'relaxed',
        guards: [{ table: 'copies', key, holds: isStill }],
      })
      return
    } catch (error) {
      if (!hasCode(error, 'storage.conflict') || round === ROUNDS) throw error
    }
  }
}
