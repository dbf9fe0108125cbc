import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { DigestCheck } from '../../core/hash.ts'
import { createCarReader } from '../car/reader.ts'
import { checkRecord } from '../cbor/check.ts'
import { RepoError } from '../errors.ts'
import { looksLikeNode } from '../mst/node.ts'
import { NODE_LIKE } from './intake.ts'

/**
 * The first half of taking a CAR in: split a chunk into blocks, check the form of each that can be a record,
 * and hash them all in one go, which is what makes hashing fast.
 */
export interface BlockCheck {
  /** The blocks that this chunk completes, in order; to be read before the next push. */
  push(chunk: Uint8Array): CheckedBlocks
  /** Says that the bytes are over. Throws `repo.car-truncated`. */
  end(): void
}

export interface CheckedBlocks {
  /** digest of the first root, once the header has come */
  readonly root: Uint8Array | undefined
  readonly count: number
  /** bytes of block i; its digest begins at `digestAt(i)`, its data is [`from(i)`, `to(i)`) */
  buffer(i: number): Uint8Array
  digestAt(i: number): number
  from(i: number): number
  to(i: number): number
  codec(i: number): number
  /** byte offset of its frame in the CAR */
  position(i: number): number
  /** what `Intake.take` wants to know of it */
  form(i: number): number
}

/** What is kept of a block while its chunk is taken, in arrays that are used again for the next. */
interface Columns {
  readonly from: Int32Array
  readonly to: Int32Array
  readonly digestAt: Int32Array
  readonly codec: Int32Array
  readonly form: Int32Array
  readonly position: Float64Array
}

/** Blocks of most chunks fit; larger chunks make the arrays grow. */
const BLOCKS = 2048

function columns(size: number, before?: Columns): Columns {
  const grown = {
    from: new Int32Array(size),
    to: new Int32Array(size),
    digestAt: new Int32Array(size),
    codec: new Int32Array(size),
    form: new Int32Array(size),
    position: new Float64Array(size),
  }
  if (before === undefined) return grown
  for (const name of ['from', 'to', 'digestAt', 'codec', 'form', 'position'] as const)
    grown[name].set(before[name])
  return grown
}

/** Errors: those of the CAR reader, `repo.no-root`, `repo.bad-hash` with the block's position and CID. */
export function createBlockCheck(digests: DigestCheck): BlockCheck {
  let root: Uint8Array | undefined
  let chunk: Uint8Array = new Uint8Array(0)
  /** The one block that began in an earlier chunk: the reader uses its buffer again. */
  let straddler: Uint8Array | undefined
  let found = columns(BLOCKS)
  let count = 0
  let messages = new Int32Array(3 * 1024)
  let sound = new Uint8Array(1024)

  const car = createCarReader({
    header({ roots }) {
      const first = roots[0]
      if (first === undefined) throw new RepoError('repo.no-root')
      root = first.digest.slice()
    },
    block(codec, buffer, digestAt, from, to, position) {
      const across = buffer.buffer !== chunk.buffer
      if (across) straddler = buffer.slice(digestAt, to)
      const shift = across ? digestAt : chunk.byteOffset - buffer.byteOffset
      const node = codec === CODEC_DAG_CBOR && looksLikeNode(buffer, from, to)
      if (count === found.from.length) found = columns(count * 2, found)
      found.from[count] = from - shift
      found.to[count] = to - shift
      found.digestAt[count] = digestAt - shift
      found.codec[count] = codec
      found.position[count] = position
      found.form[count] = node ? NODE_LIKE : 0
      count++
    },
  })

  /** Checks blocks [first, last), which lie in one buffer: the hash of each, and the form of what is no node. */
  const hold = (bytes: Uint8Array, first: number, last: number): void => {
    if (sound.length < last - first) {
      messages = new Int32Array((last - first) * 6)
      sound = new Uint8Array((last - first) * 2)
    }
    for (let i = first, at = 0; i < last; i++, at += 3) {
      messages[at] = found.from[i] ?? 0
      messages[at + 1] = found.to[i] ?? 0
      messages[at + 2] = found.digestAt[i] ?? 0
    }
    sound.fill(0)
    const wrong = digests(bytes, messages, last - first, sound)
    if (wrong < 0) {
      const { form, from, to } = found
      for (let i = first; i < last; i++)
        if (form[i] !== NODE_LIKE && sound[i - first] !== 1)
          form[i] = checkRecord(bytes, from[i] ?? 0, to[i] ?? 0)
      return
    }
    const digestAt = found.digestAt[first + wrong] ?? 0
    throw new RepoError('repo.bad-hash', {
      offset: found.position[first + wrong] ?? 0,
      cid: cidString(CODEC_DAG_CBOR, bytes.subarray(digestAt, digestAt + 32)),
    })
  }

  const holdAll = (): void => {
    const across = straddler === undefined ? 0 : 1
    if (straddler !== undefined) hold(straddler, 0, 1)
    hold(chunk, across, count)
  }

  return {
    push(next) {
      chunk = next
      straddler = undefined
      count = 0
      try {
        car.push(next)
      } catch (error) {
        // A wrong block before the place where reading failed is the earlier fault.
        holdAll()
        throw error
      }
      holdAll()
      const { from, to, digestAt, codec, position, form } = found
      const first = straddler
      return {
        root,
        count,
        buffer: (i) => (i === 0 && first !== undefined ? first : next),
        from: (i) => from[i] ?? 0,
        to: (i) => to[i] ?? 0,
        digestAt: (i) => digestAt[i] ?? 0,
        codec: (i) => codec[i] ?? 0,
        position: (i) => position[i] ?? 0,
        form: (i) => form[i] ?? 0,
      }
    },
    end: () => car.end(),
  }
}
