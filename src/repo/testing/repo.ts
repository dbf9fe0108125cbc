import { encode, toBytes } from '@atcute/cbor'
import { CidLinkWrapper } from '@atcute/cid'
import { type TestBlock, writeCar } from './car.ts'
import { cidKey, cidOf, compareBytes } from './cid.ts'
import { didDocument, type TestDidDocument, type TestKey } from './keys.ts'
import { createPrng } from './prng.ts'
import { buildTree, type TreeNode, walkNodes } from './tree.ts'

export interface TestRecord {
  readonly path: string
  readonly cid: Uint8Array
  readonly bytes: Uint8Array
  /** the rev of the commit that wrote it */
  readonly rev: string
}

/**
 * The order of blocks in a CAR.
 * - `preorder`: commit, then each node before its records and subtrees, in key order;
 * - `reversed`: the same from the end;
 * - `shuffled`: by the seed;
 * - `revision`: newest commit's blocks first and by falling CID within a commit, as the reference PDS
 *   answers `getRepo`: nodes and records are mixed, and the commit is not the first block.
 */
export type BlockOrder = 'preorder' | 'reversed' | 'shuffled' | 'revision'

export interface TestRepo {
  readonly did: string
  readonly handle: string
  readonly key: TestKey
  readonly didKey: `did:key:${string}`
  readonly didDocument: TestDidDocument
  readonly privateKey: Uint8Array
  readonly rev: string
  /** the CID of the signed commit (36 bytes) and its block */
  readonly commit: Uint8Array
  readonly commitBytes: Uint8Array
  /** the CID of the tree's root node (36 bytes) */
  readonly root: Uint8Array
  readonly tree: TreeNode
  /** ascending by path */
  readonly records: readonly TestRecord[]
  readonly seed: number | string
  readonly order: BlockOrder
  /** each block once, in this repo's order unless another is asked for */
  blocks(order?: BlockOrder): TestBlock[]
  /** the full CAR in chunks of 64 KB */
  car(order?: BlockOrder): Iterable<Uint8Array<ArrayBuffer>>
}

export interface SignRepoInput {
  readonly did: string
  readonly handle: string
  readonly key: TestKey
  readonly rev: string
  /** ascending by path, each path once */
  readonly records: readonly TestRecord[]
  readonly seed: number | string
  readonly order: BlockOrder
  /** version 3 by default; 2 is what servers wrote in early 2023 */
  readonly version?: 2 | 3
  readonly prev?: Uint8Array | null
}

/** Builds the tree over the records and signs a commit for it. */
export function signRepo(input: SignRepoInput): TestRepo {
  const { did, handle, key, rev, records, seed, version = 3, prev = null } = input
  const tree = buildTree(records)
  const fields = {
    did,
    version,
    data: new CidLinkWrapper(tree.cid),
    rev,
    prev: prev === null ? null : new CidLinkWrapper(prev),
  }
  const sig = key.sign(encode(fields))
  const commitBytes = encode({ ...fields, sig: toBytes(sig) }).slice()
  const commit = cidOf(commitBytes)
  const blocks = (order: BlockOrder = input.order): TestBlock[] =>
    orderBlocks({ commit, commitBytes, rev, tree, records, seed }, order)
  return {
    did,
    handle,
    key,
    didKey: key.didKey,
    didDocument: didDocument(did, handle, key),
    privateKey: key.privateKey,
    rev,
    commit,
    commitBytes,
    root: tree.cid,
    tree,
    records,
    seed,
    order: input.order,
    blocks,
    car: (order) => writeCar([commit], blocks(order)),
  }
}

type OrderInput = Pick<TestRepo, 'commit' | 'commitBytes' | 'rev' | 'tree' | 'records' | 'seed'>
interface DatedBlock extends TestBlock {
  readonly rev: string
}

function orderBlocks(repo: OrderInput, order: BlockOrder): TestBlock[] {
  const blocks = preorder(repo)
  if (order === 'reversed') return blocks.reverse()
  if (order === 'shuffled') return createPrng(`${repo.seed}/order`).shuffle(blocks)
  if (order === 'revision') {
    return blocks.sort((a, b) => (a.rev === b.rev ? compareBytes(b.cid, a.cid) : a.rev < b.rev ? 1 : -1))
  }
  return blocks
}

/** Every block once. A node is as new as the newest record under it: writing that one rewrote it. */
function preorder({ commit, commitBytes, rev, tree, records }: OrderInput): DatedBlock[] {
  const out: DatedBlock[] = [{ cid: commit, bytes: commitBytes, rev }]
  const seen = new Set<string>()
  const revs = newestBelow(tree, records)
  const visit = (node: TreeNode): void => {
    if (seen.has(cidKey(node.cid))) return
    seen.add(cidKey(node.cid))
    out.push({ cid: node.cid, bytes: node.bytes, rev: revs.get(node) ?? rev })
    for (const item of node.content) {
      if (typeof item !== 'number') {
        visit(item)
        continue
      }
      const record = records[item]
      if (record === undefined || seen.has(cidKey(record.cid))) continue
      seen.add(cidKey(record.cid))
      out.push(record)
    }
  }
  visit(tree)
  return out
}

function newestBelow(tree: TreeNode, records: readonly TestRecord[]): Map<TreeNode, string> {
  const revs = new Map<TreeNode, string>()
  // children come after their parents in the walk, so from the end they are known first
  for (const node of [...walkNodes(tree)].reverse()) {
    let newest = ''
    for (const item of node.content) {
      const rev = (typeof item === 'number' ? records[item]?.rev : revs.get(item)) ?? ''
      if (rev > newest) newest = rev
    }
    revs.set(node, newest)
  }
  return revs
}
