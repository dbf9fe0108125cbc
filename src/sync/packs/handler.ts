import type { PushedCommit, SyncPack } from '../../pack/model.ts'
import { createLimit } from './limit.ts'
import { answerPull, packOf } from './answer-pull.ts'
import { type Caller, MAX_RESPONSE_BYTES, type PackSource, type PushAsk, SCHEMA_VERSION } from './model.ts'
import { rejected } from './push-results.ts'
import { pushedRepo } from './push.ts'
import { type Refusal, refusalOf, writeRefusal } from './refusal.ts'
import { readRequest, type SyncRequest } from './request.ts'
import { PackWireError } from './wire-errors.ts'

/** Pulls and chunks answered at once; each may hold a list and its bytes. */
const AT_ONCE = 8
/** Requests that may wait for that. */
const WAITING = 64

export type PackReply =
  | { readonly type: 'pack' | 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** `status` is that of HTTP */
  | { readonly type: 'refused'; readonly status: number; readonly refusal: Refusal }

export interface PackHandlerOptions {
  /** asked in this order: the first that owns a repo answers for it */
  readonly sources: readonly PackSource[]
  readonly atOnce?: number
  /** what went wrong on this side: for the log, never for the asker */
  readonly onFailure?: (event: string, error: unknown) => void
}

/** Answers requests for packs, whatever carries them. Its methods never reject. */
export interface PackHandler {
  answer(request: Uint8Array, caller: Caller): Promise<PackReply>
  /** A snapshot's chunk, for who may have it under these scopes. */
  chunk(id: string, scopes: Readonly<Record<string, string>>, caller: Caller): Promise<PackReply>
}

/** The bytes of a reply where nothing else tells what it is. */
export const replyBytes = (reply: PackReply): Uint8Array<ArrayBuffer> =>
  reply.type === 'refused' ? writeRefusal(reply.refusal) : reply.bytes

/**
 * One handler for streams and HTTP: pushes in order, then pulls. A request of a later schema gets a pack that is
 * not ok and says which schema is needed; a malformed one is refused.
 */
export function createPackHandler(options: PackHandlerOptions): PackHandler {
  const { sources, atOnce = AT_ONCE, onFailure = () => {} } = options
  const limit = createLimit(atOnce, WAITING)

  const guarded = async (run: () => Promise<PackReply>): Promise<PackReply> => {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof PackWireError)) onFailure('packs.failed', error)
      return { type: 'refused', ...refusalOf(error) }
    }
  }

  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = limit.run(run)
    if (mine === undefined) throw new PackWireError('sync.too-busy')
    return mine
  }

  const pullFailed = (_id: string, error: unknown): void => onFailure('packs.pull-failed', error)

  const pushOne = async (ask: PushAsk, caller: Caller): Promise<PushedCommit> => {
    const repo = pushedRepo(ask)
    if (repo === undefined) return rejected(ask, 'sync.invalid_request')
    const source = sources.find((it) => it.owns(repo))
    if (source?.push === undefined) return rejected(ask, 'sync.not_kept')
    try {
      return await source.push(ask, caller)
    } catch (error) {
      onFailure('packs.push-failed', error)
      return rejected(ask, 'runtime.internal')
    }
  }

  const sync = async ({ push, pull }: SyncRequest, caller: Caller): Promise<PackReply> => {
    // Not in turn with pulls: who takes pushes bounds them, and one may have to wait for a far directory.
    const commits: PushedCommit[] = []
    for (const ask of push ?? []) commits.push(await pushOne(ask, caller))
    const answers = pull && (await inTurn(() => answerPull(pull, { sources, caller, onFailure: pullFailed })))
    const [only] = answers ?? []
    if (only !== undefined && answers?.length === 1 && push === undefined) return packReply(only.pack)
    const pack: SyncPack = {
      ok: true,
      ...(push === undefined ? {} : { push: { ok: commits.every((it) => it.ok), commits } }),
      ...(answers === undefined
        ? {}
        : { pull: { ok: true, subscriptions: answers.map((it) => it.subscription) } }),
    }
    return packReply(packOf(pack))
  }

  const findChunk = async (
    id: string,
    scopes: Readonly<Record<string, string>>,
    caller: Caller,
  ): Promise<PackReply> => {
    const { repo } = scopes
    const source = repo === undefined ? undefined : sources.find((it) => it.owns(repo))
    const bytes = await source?.chunk?.(id, scopes, caller)
    if (bytes === undefined) throw new PackWireError('sync.no-such-chunk')
    return { type: 'chunk', bytes }
  }

  return {
    answer: (bytes, caller) =>
      guarded(async () => {
        const request = readRequest(bytes)
        if (request.type === 'ahead') return packReply(packOf(TOO_NEW))
        if (request.type === 'chunk') return inTurn(() => findChunk(request.id, request.scopes, caller))
        return sync(request, caller)
      }),
    chunk: (id, scopes, caller) => guarded(() => inTurn(() => findChunk(id, scopes, caller))),
  }
}

/** What is needed to go on with us: no later schema is known here. */
const TOO_NEW: SyncPack = {
  ok: false,
  requiredSchemaVersion: SCHEMA_VERSION,
  latestSchemaVersion: SCHEMA_VERSION,
}

/** No asker reads a longer one. Lists are bounded well below it, so this is an error of ours. */
function packReply(bytes: Uint8Array<ArrayBuffer>): PackReply {
  if (bytes.length > MAX_RESPONSE_BYTES) throw new RangeError(`an answer of ${bytes.length} bytes`)
  return { type: 'pack', bytes }
}
