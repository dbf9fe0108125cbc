import { decodeMessage, encodeMessage } from '../../../net/messages.ts'
import { createFrameReader, writeFrame } from '../../../net/frames.ts'
import type { ByteStream, StreamHandler } from '../../../net/net.ts'
import * as v from 'valibot'
import { buildBare, readBare } from '../bare.ts'
import { blocksIn, buildFragment, type FragmentBlock, readFragment } from '../fragment.ts'
import { PAGES_PROTOCOL, type Request, requestShape } from '../protocol.ts'
import type { PagesNode } from './pages-kit.ts'

/** An honest answer, to be changed. */
export interface Honest {
  readonly request: Request
  /** which request of its type this is, from 0 */
  readonly turn: number
  readonly head: Record<string, unknown>
  readonly bytes: Uint8Array | undefined
  readonly stream: ByteStream
}

/** What is sent instead; undefined ends the stream without a word; 'silent' leaves it open. */
export type Lie = (
  honest: Honest,
) =>
  | Pick<Honest, 'head' | 'bytes'>
  | undefined
  | 'silent'
  | Promise<Pick<Honest, 'head' | 'bytes'> | undefined | 'silent'>

const LIMIT = 4 << 20

/** Knows nothing of bare blocks, as nodes of before did. */
export interface LiarOptions {
  readonly old?: boolean
}

/** Hands every request to an honest node and changes its answers on the way back, which come as they are, never compressed. */
export const lying =
  (through: PagesNode, honest: string, lie: Lie, { old = false }: LiarOptions = {}): StreamHandler =>
  async (stream) => {
    const back = await through.net.open(honest, PAGES_PROTOCOL)
    const asks = createFrameReader(stream)
    const answers = createFrameReader(back)
    const turns = new Map<string, number>()
    try {
      for (;;) {
        const frame = await asks.read(LIMIT)
        if (frame === undefined) return
        const request = decodeMessage(frame, requestShape, stream.peer)
        await writeFrame(back, encodeMessage(without(request, old ? ['bare', 'deflate'] : ['deflate'])))
        const head = decodeMessage(await answers.expect(LIMIT), v.record(v.string(), v.unknown()), honest)
        const bytes = request.type === 'heads' || 'refused' in head ? undefined : await answers.expect(LIMIT)
        const turn = turns.get(request.type) ?? 0
        turns.set(request.type, turn + 1)
        const told = await lie({ request, turn, head, bytes, stream })
        if (told === undefined) return
        if (told === 'silent') {
          // Until the other side gives up.
          while ((await stream.read()) !== undefined);
          return
        }
        await writeFrame(stream, encodeMessage(told.head))
        if (told.bytes !== undefined) await writeFrame(stream, told.bytes)
      }
    } finally {
      back.abort()
    }
  }

const without = (request: Request, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(request).filter(([name, value]) => !names.includes(name) && value !== undefined),
  )

/** Changes the blocks of an answer, in whichever form it came. Bare blocks have no digests. */
export function changeBlocks(
  { head, bytes = new Uint8Array() }: Pick<Honest, 'head' | 'bytes'>,
  change: (blocks: readonly FragmentBlock[]) => readonly FragmentBlock[],
): Uint8Array {
  if (head['bare'] === true) return buildBare(change(blocksIn(readBare(bytes))))
  return buildFragment(change(readFragment(bytes, undefined)))
}
