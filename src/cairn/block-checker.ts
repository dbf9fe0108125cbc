import { CairnError } from '../core/errors.ts'
import type { Sha256 } from '../core/hash.ts'
import { RepoError, type RepoErrorCode } from '../repo/errors.ts'
import { type BlockCheck, type CheckedBlocks, createBlockCheck } from '../repo/verify/block-check.ts'

/** Chunks that travel to the checker before the first comes back: enough that neither side waits. */
const AHEAD = 4

/**
 * Processors from which a checker beside the engine pays. With two, the engine and the browser's own disk
 * work fill them: measured there, a checker saves no time and costs 12 MB.
 */
export const CORES_FOR_CHECKER = 4

type Request = { readonly type: 'push'; readonly chunk: Uint8Array<ArrayBuffer> } | { readonly type: 'end' }

type Answer =
  | { readonly type: 'checked'; readonly checked: CheckedBlocks }
  | { readonly type: 'ended' }
  | { readonly type: 'failed'; readonly code: string; readonly fields: Readonly<Record<string, unknown>> }

/** A worker's side, or one end of a channel. */
export interface CheckerPort {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message' | 'error', listener: (event: Event) => void): void
}

/** Answers the checks of one import that arrive on `port`, in order. */
export function serveBlockCheck(port: CheckerPort, sha256: Promise<Sha256>): void {
  let check: BlockCheck | undefined
  const answer = async (request: Request): Promise<void> => {
    try {
      check ??= createBlockCheck(await sha256)
      if (request.type === 'end') {
        await check.end()
        port.postMessage({ type: 'ended' } satisfies Answer, [])
        return
      }
      const checked = await check.push(request.chunk)
      const blocks = checked.blocks.slice()
      port.postMessage({ type: 'checked', checked: { ...checked, blocks } } satisfies Answer, [
        blocks.buffer,
        ...checked.buffers.map((it) => it.buffer as ArrayBuffer),
      ])
    } catch (error) {
      const known = error instanceof CairnError
      const failure = known ? { code: error.code, fields: error.fields } : { code: 'cairn.unexpected', fields: {} }
      port.postMessage({ type: 'failed', ...failure } satisfies Answer, [])
    }
  }
  let queue: Promise<void> = Promise.resolve()
  port.addEventListener('message', (event) => {
    // only `connectBlockCheck` posts here
    const { data } = event as MessageEvent<Request>
    queue = queue.then(() => answer(data))
  })
}

/**
 * A block check whose work is done at the other end of `port`. Chunks are moved there, checked in order, and
 * moved back. `close` ends it: checks that are under way never resolve for an import that was given up.
 */
export function connectBlockCheck(port: CheckerPort, close: () => void): BlockCheck {
  const waiting: { resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = []
  let lost = false

  port.addEventListener('message', (event) => {
    // only `serveBlockCheck` posts here
    const { data } = event as MessageEvent<Answer>
    const next = waiting.shift()
    if (data.type === 'failed') next?.reject(failureOf(data))
    else next?.resolve(data)
  })
  port.addEventListener('error', () => {
    lost = true
    for (const { reject } of waiting.splice(0)) reject(new CairnError('cairn.checker-lost'))
  })

  const ask = (request: Request, transfer: Transferable[]): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (lost) {
        reject(new CairnError('cairn.checker-lost'))
        return
      }
      waiting.push({ resolve, reject })
      port.postMessage(request, transfer)
    })

  return {
    ahead: AHEAD,
    async push(chunk) {
      const own = movable(chunk)
      const answer = await ask({ type: 'push', chunk: own }, [own.buffer])
      if (answer.type !== 'checked') throw new CairnError('cairn.checker-lost')
      return answer.checked
    },
    async end() {
      await ask({ type: 'end' }, [])
    },
    close,
  }
}

function failureOf({ code, fields }: Extract<Answer, { type: 'failed' }>): CairnError {
  // The checker raises the errors of reading a repository; another one is a fault of the program.
  return code.startsWith('repo.') ? new RepoError(code as RepoErrorCode, fields) : new CairnError(code, fields)
}

/** Bytes that own their buffer: only such can be moved to another thread without taking others along. */
function movable(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = chunk
  const whole = buffer instanceof ArrayBuffer && chunk.byteLength === buffer.byteLength
  return whole ? new Uint8Array(buffer) : chunk.slice()
}
