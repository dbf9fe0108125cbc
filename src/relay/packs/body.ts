import type { IncomingMessage } from 'node:http'
import { createPieces } from '../../core/pieces.ts'
import { MAX_REQUEST_BYTES } from '../../sync/packs/model.ts'
import { PackWireError } from '../../sync/packs/wire-errors.ts'

/** A body that has not come by then is given up, ms: the longest takes this at 35 KB/s. */
const PATIENCE = 120_000

/** A body of this type, and not packed: what it unfolds to would have to be bounded too. */
export function hasType({ headers }: IncomingMessage, type: string): boolean {
  const told = (headers['content-type'] ?? '').split(';', 1)[0]
  const encoding = headers['content-encoding'] ?? 'identity'
  return told?.trim().toLowerCase() === type && encoding === 'identity'
}

/**
 * A request's body, as long as requests may be. Undefined when the client went away, or took too long.
 *
 * @throws PackWireError `sync.limit-exceeded`, before anything is read when the length is told
 */
export async function readBody(
  request: IncomingMessage,
  limit: number = MAX_REQUEST_BYTES,
): Promise<Uint8Array | undefined> {
  const tooLarge = (): PackWireError => new PackWireError('sync.limit-exceeded', { what: 'bytes', limit })
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  const timer = setTimeout(() => request.destroy(), PATIENCE)
  const pieces = createPieces(new Uint8Array())
  try {
    // What a request gives without an encoding is buffers.
    for await (const part of request as AsyncIterable<Buffer>) {
      if (pieces.length + part.length > limit) throw tooLarge()
      pieces.add(part)
    }
  } catch (error) {
    if (error instanceof PackWireError) throw error
    return undefined
  } finally {
    clearTimeout(timer)
  }
  return request.complete ? pieces.join() : undefined
}
