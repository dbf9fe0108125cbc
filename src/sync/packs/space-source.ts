import { toHex } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { compareRev } from '../../core/tid.ts'
import type { Snapshot, Subscription } from '../../pack/model.ts'
import { parseSpaceRepo, type SpaceRepoName } from '../../repo/space/uri.ts'
import type { SpaceHeadRow } from '../../storage/space/rows.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import { nothing, revoked } from './empty-answers.ts'
import { type Caller, MAX_LIST_BYTES, type PackSource, type PullAsk, RESPONSE_BYTES } from './model.ts'
import { createChunkCache } from './space-chunks.ts'
import type { Gzip } from './space-gzip.ts'
import { isScope, writeSpaceList } from './space-list.ts'
import { type BegunState, makePage, type PageMaker } from './space-pages.ts'
import { formatState, parseState, type SpaceState } from './space-state.ts'

export interface SpaceSourceOptions {
  readonly store: SpaceStore
  readonly sha256: Sha256
  readonly gzip: Gzip
  /** Whether someone may read a space repo: its members, and the stores that keep it. */
  readonly mayRead: (caller: Caller, repo: SpaceRepoName) => Promise<boolean>
  /** bytes of paths and records in a page; about 1 MB when left out */
  readonly pageBytes?: number
  /** a repo of at most so many bytes is told as one list to who holds nothing; about 1 MB when left out */
  readonly listBytes?: number
}

/** A whole repo of at most so many bytes is told as a list, beside others in one answer. */
const SMALL_REPO = 64 * 1024
/** Room that an answer with references to pages takes. */
const PAGES_ROOM = 64 * 1024
/** Pages of one answer, as the format's own servers give. */
const PAGES = 4
/** Chunks that were named and not fetched yet. */
const CHUNK_BYTES = 32 << 20
/** What an answer with a list takes beside its changes: the signed commit, the chain, the repo's name. */
const LIST_ROOM = 20 * 1024

/**
 * Answers for space repos: a list of what changed, or pages. Nothing of a transfer is kept here but chunks that were
 * just made: its state travels, and its pin is the head that it began at, as long as that is known.
 *
 * `pull` and `chunk` throw a StorageError when what is kept cannot be read, `space.busy`.
 */
export function spaceSource(options: SpaceSourceOptions): PackSource {
  const { store, sha256, gzip, mayRead, pageBytes, listBytes = RESPONSE_BYTES } = options
  const chunks = createChunkCache(CHUNK_BYTES)
  const maker: PageMaker = {
    store,
    sha256,
    gzip,
    chunks,
    ...(pageBytes === undefined ? {} : { pageBytes }),
  }

  const pages = async (
    ask: PullAsk,
    start: BegunState,
    begins: SpaceHeadRow | undefined,
  ): Promise<Subscription> => {
    const snapshots: Snapshot[] = []
    let state = start
    // After a page of the index, or of what was wanted, it is the asker's turn.
    const most = start.mode === 'index' || start.want.length > 0 ? 1 : PAGES
    while (snapshots.length < most && (state.mode !== 'list' || state.want.length > 0)) {
      const { snapshot, after } = await makePage(maker, ask.id, state)
      const rows = begins === undefined || snapshots.length > 0 ? [] : [{ commitHex: toHex(begins.commit) }]
      snapshots.push({ ...snapshot, rows })
      state = after
    }
    return {
      ...nothing(ask, true),
      bootstrapState: formatState({ ...state, want: [] }),
      snapshots,
    }
  }

  const begin = (ask: PullAsk, head: SpaceHeadRow, mode: 'records' | 'index'): Promise<Subscription> =>
    pages(ask, { asOf: { rev: head.rev, commit: head.cid }, mode, rowCursor: null, want: [] }, head)

  const goOn = async (
    ask: PullAsk,
    state: SpaceState,
    head: SpaceHeadRow,
    { room, alone }: { readonly room: number; readonly alone: boolean },
  ): Promise<Subscription | undefined> => {
    const { asOf } = state
    if (!alone && room < PAGES_ROOM) return undefined
    // Another source began it, or too much happened since: what the asker has by now is worth keeping.
    if (asOf === undefined || !(await store.wasHeld(ask.id, asOf))) {
      return begin(ask, head, asOf === undefined && state.mode === 'records' ? 'records' : 'index')
    }
    if (state.mode !== 'list' || state.want.length > 0) return pages(ask, { ...state, asOf }, undefined)
    const since = await store.since(ask.id, asOf, alone ? MAX_LIST_BYTES : room - LIST_ROOM)
    if (since === 'too-large' && !alone) return undefined
    if (since === undefined || typeof since === 'string') return begin(ask, head, 'index')
    return writeSpaceList(ask.id, since, ask.verifiedRoot, sha256)
  }

  const pull: PackSource['pull'] = async (ask, { caller, room, alone }) => {
    const name = parseSpaceRepo(ask.id)
    if (name === undefined || !(await mayRead(caller, name))) return revoked(ask)
    const head = await store.head(ask.id)
    if (head === undefined) return revoked(ask)
    const { held, bootstrapState } = ask
    if (held !== undefined && compareRev(held.rev, head.rev) > 0) return nothing(ask, false)
    if (held?.commit === head.cid) return nothing(ask, false)
    if (bootstrapState !== undefined) {
      return goOn(ask, parseState(bootstrapState) ?? BEGIN_AGAIN, head, { room, alone })
    }
    const most = held === undefined ? (alone ? listBytes : Math.min(listBytes, SMALL_REPO)) : MAX_LIST_BYTES
    const fits = alone ? most : Math.min(most, room - LIST_ROOM)
    if (fits < 0) return undefined
    const since = await store.since(ask.id, held, fits, 'whole')
    if (since === undefined) return revoked(ask)
    if (typeof since !== 'string') return writeSpaceList(ask.id, since, ask.verifiedRoot, sha256)
    if (since === 'too-large' && fits < most) return undefined
    if (!alone && room < PAGES_ROOM) return undefined
    return begin(ask, head, held === undefined ? 'records' : 'index')
  }

  return {
    owns: (id) => parseSpaceRepo(id) !== undefined,
    pull,
    async chunk(id, scopes, caller) {
      const { repo = '' } = scopes
      const name = parseSpaceRepo(repo)
      if (name === undefined || !isScope(scopes, repo) || !(await mayRead(caller, name))) return undefined
      return chunks.get(repo, id)
    },
  }
}

/** For a state that is not understood: whatever the asker has is compared. */
const BEGIN_AGAIN: SpaceState = { asOf: undefined, mode: 'index', rowCursor: null, want: [] }
