import { utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { RepoError } from '../../repo/errors.ts'
import { binary } from '../../repo/mst/diff.ts'
import { editTree, type TreeOp } from '../../repo/mst/edit.ts'
import { heightOf } from '../../repo/mst/height.ts'
import { parseNode } from '../../repo/mst/node.ts'
import { childDigest, find, keysOf, type TreeSource } from '../../repo/mst/read.ts'
import type { Place, StoredChild } from '../../repo/mst/stored.ts'
import { type Blocks, checkLayer, type Span, strictKeys } from '../../repo/proof.ts'

/** What a commit did to one path: digests of the record that is there now and of the one before. */
export interface Operation {
  readonly path: string
  readonly after: Uint8Array | undefined
  readonly before: Uint8Array | undefined
}

/** Nothing that is undone here is kept anywhere. */
const NOWHERE: Place = { segment: 0, offset: 0, length: 0 }

/**
 * Undoes the operations of a commit on the new tree, of which only the nodes on their paths are there, and gives the
 * root before. When that is the root that its server names, no operation was left out and none was made up: what
 * changed between the two trees is exactly this. Nodes are as strict as in the import of a whole repository.
 *
 * Spec: atproto "sync", commit validation by operation inversion.
 *
 * @param ops each path once
 * @throws RepoError `repo.node-missing` where the nodes do not reach, `repo.root-mismatch` for an operation that the
 * new tree contradicts; what a node is refused for
 */
export async function rootBefore(
  root: Uint8Array,
  ops: readonly Operation[],
  blocks: Blocks,
  sha256: Sha256,
): Promise<Uint8Array> {
  const { source, top } = treeOf(root, blocks, sha256)
  for (const { path, after } of ops) {
    const now = (await find(source, top, path)).entry?.digest
    if (after === undefined || now === undefined ? after !== now : binary(after) !== binary(now))
      throw new RepoError('repo.root-mismatch', { path })
  }
  const undo = ops.map(({ path, before }): TreeOp => ({
    key: path,
    record: before === undefined ? undefined : { digest: before, place: NOWHERE },
  }))
  const { digest } = await editTree({
    source,
    base: { root: top, digest: root },
    ops: undo,
    sink: { node: () => NOWHERE },
    sha256,
  })
  return digest
}

/** A tree whose nodes are blocks of a CAR. A place's offset is the number of a link that was met on the way. */
function treeOf(
  root: Uint8Array,
  blocks: Blocks,
  sha256: Sha256,
): { readonly source: TreeSource; readonly top: StoredChild & { readonly layer: number } } {
  const links: { readonly digest: Uint8Array; readonly layer: number; readonly span: Span }[] = []
  const link = (digest: Uint8Array, layer: number, span: Span): StoredChild => {
    const offset = links.push({ digest, layer, span }) - 1
    return { segment: 0, offset, length: 0, records: 0, bytes: 0 }
  }
  const nodeAt = (digest: Uint8Array) => {
    const block = blocks.get(binary(digest))
    const cid = cidString(CODEC_DAG_CBOR, digest)
    if (block === undefined) throw new RepoError('repo.node-missing', { cid })
    return { node: parseNode(block), cid }
  }
  const source: TreeSource = {
    async load({ offset }) {
      const at = links[offset]
      if (at === undefined) throw new RangeError('a link that was met is known')
      const { node, cid } = nodeAt(at.digest)
      const keys = strictKeys(node, at.span, cid)
      // Layers fall with each step down, so no tree of blocks is deeper than a hash has bits.
      checkLayer(node, keys, at === links[0] ? undefined : at.layer, cid, sha256)
      const children = Array.from({ length: node.count + 1 }, (_, i) => {
        const digest = childDigest(node, i)
        const span = { after: keys[i - 1] ?? at.span.after, before: keys[i] ?? at.span.before }
        return digest === undefined ? undefined : link(digest, at.layer - 1, span)
      })
      return { node, records: keys.map(() => NOWHERE), children }
    },
  }
  const [first] = keysOf(nodeAt(root).node)
  const layer = first === undefined ? 0 : heightOf(sha256, utf8(first))
  return { source, top: { ...link(root, layer, { after: '', before: undefined }), layer } }
}
