import { headEach, type HeadsOf, type Sha256 } from '../../core/hash.ts'
import { RepoError } from '../errors.ts'
import { heightOf } from '../mst/height.ts'
import { FIELDS, type MstNode, PREFIX, RIGHT, SUFFIX, SUFFIX_LENGTH, VALUE } from '../mst/node.ts'
import { type Place, type StoredChild, type StoredNode, totals } from '../mst/stored.ts'
import { checkPath, MAX_PATH_BYTES } from '../path.ts'
import { compareKeys, printable, samePrefix, SLASH } from './key-bytes.ts'
import { createKeyHeights } from './key-heights.ts'
import type { TreeRoot, TreeWalk, WalkBlocks, WalkSink, WalkState } from './walk-model.ts'

/** A pause comes after this many nodes: about a megabyte of them, some 20 ms. */
const NODES_AT_ONCE = 2500
/** The layers of a tree over SHA-256 keys cannot be more than 128; a real one has under 20. */
const MAX_LAYERS = 128

interface Frame {
  node: MstNode
  digest: Uint8Array
  layer: number
  /** 0: left child; 2i+1: entry i; 2i+2: right child of entry i; 2·count+1: done */
  step: number
  /** entry `step` has passed its key checks and waits for its record only */
  keyChecked: boolean
  readonly key: Uint8Array
  keyLength: number
  records: Place[]
  children: (StoredChild | undefined)[]
}

/**
 * Walks a signed tree in key order and proves it strictly: order, heights, layers, prefix compression,
 * no empty node but the empty root, path syntax, every record there and sound.
 *
 * One walk serves blocks in any order: it stops where a block has not come yet and goes on when it has.
 * A CAR in preorder is proven block by block as it streams; any other as soon as its gaps close.
 */
export function createTreeWalk(input: {
  readonly root: Uint8Array
  readonly blocks: WalkBlocks
  readonly sink: WalkSink
  readonly sha256: Sha256
  /** many hashes at a time, where the host can */
  readonly heads?: HeadsOf
}): TreeWalk {
  const { blocks, sink, sha256 } = input
  const heights = createKeyHeights(sha256, input.heads ?? headEach)
  const stack: Frame[] = []
  let depth = 0
  let lastKey = new Uint8Array(MAX_PATH_BYTES)
  let lastLength = 0
  /** the key before it, for while the last one waits for its record */
  let beforeKey = new Uint8Array(MAX_PATH_BYTES)
  let beforeLength = 0
  let done: TreeRoot | undefined
  let records = 0
  let finished = 0
  const collections: { nsid: string; records: number; bytes: number }[] = []
  /** keys of the collection at work start with this many bytes of the last key, slash included */
  let collectionLength = 0
  let want: { bytes: Uint8Array; at: number; as: 'node' | 'record' } = {
    bytes: input.root,
    at: 0,
    as: 'node',
  }

  const fail = (
    code: ConstructorParameters<typeof RepoError>[0],
    { digest }: Pick<Frame, 'digest'>,
    fields = {},
  ): never => {
    throw new RepoError(code, { offset: blocks.position(digest, 0), ...fields })
  }

  const checkHeights = (): void => {
    const wrong = heights.check()
    if (wrong === undefined) return
    const { digest, ...fields } = wrong
    fail('repo.height-wrong', { digest }, fields)
  }

  const push = (node: MstNode, digest: Uint8Array, layer: number): void => {
    let frame = stack[depth]
    if (frame === undefined) {
      frame = {
        node,
        digest,
        layer,
        step: 0,
        keyChecked: false,
        key: new Uint8Array(MAX_PATH_BYTES),
        keyLength: 0,
        records: [],
        children: [],
      }
      stack[depth] = frame
    }
    frame.node = node
    frame.digest = digest
    frame.layer = layer
    frame.step = 0
    frame.keyChecked = false
    frame.keyLength = 0
    frame.records = []
    frame.children = []
    depth++
  }

  /** Composes and checks the key of entry i; leaves it in the frame and as the last key. */
  const checkKey = (frame: Frame, i: number): void => {
    const { bytes, fields } = frame.node
    const at = i * FIELDS
    const prefix = fields[at + PREFIX] ?? 0
    const suffix = fields[at + SUFFIX] ?? 0
    const suffixLength = fields[at + SUFFIX_LENGTH] ?? 0
    const length = prefix + suffixLength
    if (prefix > frame.keyLength) fail('repo.prefix-wrong', frame)
    if (length > MAX_PATH_BYTES) fail('repo.path-invalid', frame)
    // A longer shared prefix than stated: the same tree would have two encodings.
    if (i > 0 && prefix < frame.keyLength && suffixLength > 0 && frame.key[prefix] === bytes[suffix]) {
      fail('repo.prefix-wrong', frame)
    }
    for (let j = 0; j < suffixLength; j++) frame.key[prefix + j] = bytes[suffix + j] ?? 0
    frame.keyLength = length
    // No view of the key here: one for each of them would be the most that an import throws away.
    const { key } = frame
    const order = lastLength === 0 ? 1 : compareKeys(key, length, lastKey, lastLength)
    if (order === 0) fail('repo.key-duplicate', frame, { path: printable(key.subarray(0, length)) })
    if (order < 0) fail('repo.key-order', frame, { path: printable(key.subarray(0, length)) })
    if (!checkPath(key, 0, length))
      fail('repo.path-invalid', frame, { path: printable(key.subarray(0, length)) })
    if (heights.full) checkHeights()
    heights.add(key, length, frame.layer, frame.digest)
    if (collectionLength === 0 || length < collectionLength || !samePrefix(key, lastKey, collectionLength)) {
      const nsid = printable(key.subarray(0, key.indexOf(SLASH)))
      collections.push({ nsid, records: 0, bytes: 0 })
      collectionLength = nsid.length + 1
    }
    const spare = beforeKey
    beforeKey = lastKey
    beforeLength = lastLength
    lastKey = spare
    for (let j = 0; j < length; j++) lastKey[j] = key[j] ?? 0
    lastLength = length
  }

  /** The root's layer is not written anywhere: its first key tells. */
  const startRoot = (): WalkState | undefined => {
    const node = blocks.node(input.root, 0)
    if (node === 'missing' || node === 'elsewhere') return node === 'missing' ? 'waiting' : node
    push(node, input.root, -1)
    const frame = stack[0]
    if (frame === undefined) return undefined
    if (node.count === 0) {
      if (node.left >= 0) fail('repo.node-empty', frame)
      frame.layer = 0
      return undefined
    }
    const { bytes, fields } = node
    const from = fields[SUFFIX] ?? 0
    const to = from + (fields[SUFFIX_LENGTH] ?? 0)
    if ((fields[PREFIX] ?? 0) !== 0) fail('repo.prefix-wrong', frame)
    frame.layer = heightOf(sha256, bytes, from, to)
    if (frame.layer > MAX_LAYERS) fail('repo.tree-too-deep', frame)
    return undefined
  }

  const child = (frame: Frame, offset: number): WalkState | undefined => {
    if (offset < 0) {
      frame.children.push(undefined)
      frame.step++
      return undefined
    }
    if (frame.layer === 0) fail('repo.layer-wrong', frame)
    const node = blocks.node(frame.node.bytes, offset)
    if (node === 'missing' || node === 'elsewhere') {
      want = { bytes: frame.node.bytes, at: offset, as: 'node' }
      return node === 'missing' ? 'waiting' : node
    }
    const digest = frame.node.bytes.subarray(offset, offset + 32)
    push(node, digest, frame.layer - 1)
    const top = stack[depth - 1]
    if (node.count === 0 && node.left < 0 && top !== undefined) fail('repo.node-empty', top)
    return undefined
  }

  const entry = (frame: Frame, i: number): WalkState | undefined => {
    if (!frame.keyChecked) {
      checkKey(frame, i)
      frame.keyChecked = true
    }
    const at = frame.node.fields[i * FIELDS + VALUE] ?? 0
    const place = blocks.record(frame.node.bytes, at)
    if (place === 'missing' || place === 'elsewhere') {
      want = { bytes: frame.node.bytes, at, as: 'record' }
      return place === 'missing' ? 'waiting' : place
    }
    frame.records.push(place)
    const collection = collections.at(-1)
    if (collection !== undefined) {
      collection.records++
      collection.bytes += place.length
    }
    frame.keyChecked = false
    frame.step++
    records++
    return undefined
  }

  const finish = (frame: Frame): void => {
    const stored: StoredNode = { node: frame.node, records: frame.records, children: frame.children }
    const sum = totals(stored)
    const place = sink.node(stored, frame.digest, frame.layer)
    finished++
    depth--
    const parent = stack[depth - 1]
    if (parent === undefined) {
      done = { ...place, ...sum, layer: frame.layer }
      return
    }
    const { segment, offset, length } = place
    parent.children.push({ segment, offset, length, records: sum.records, bytes: sum.bytes })
    parent.step++
  }

  const goOn = (): WalkState => {
    finished = 0
    while (done === undefined) {
      const frame = stack[depth - 1]
      if (depth === 0 || frame === undefined) {
        const state = startRoot()
        if (state !== undefined) return state
        continue
      }
      const { node, step } = frame
      if (finished >= NODES_AT_ONCE) return 'more'
      let state: WalkState | undefined
      if (step === 2 * node.count + 1) finish(frame)
      else if (step === 0) state = child(frame, node.left)
      else if (step % 2 === 1) state = entry(frame, (step - 1) >> 1)
      else state = child(frame, node.fields[((step >> 1) - 1) * FIELDS + RIGHT] ?? -1)
      if (state !== undefined) return state
    }
    return 'done'
  }

  return {
    advance() {
      let state: WalkState
      try {
        state = goOn()
      } catch (error) {
        // What lies before it comes first.
        checkHeights()
        throw error
      }
      checkHeights()
      return state
    },
    check: checkHeights,
    wanted() {
      if (done !== undefined) return undefined
      return { digest: want.bytes.subarray(want.at, want.at + 32), as: want.as }
    },
    last() {
      const waits = stack[depth - 1]?.keyChecked === true
      const length = waits ? beforeLength : lastLength
      if (length === 0) return undefined
      return String.fromCharCode(...(waits ? beforeKey : lastKey).subarray(0, length))
    },
    get root() {
      return done
    },
    get records() {
      return records
    },
    collections,
  }
}
