import { toHex } from '../../core/bytes.ts'
import type { ActivityItem } from '../../cairn/api.ts'

/** What anyone needs to see for themselves that one device signed two commits as one. */
export interface ForkProof {
  /** `did:key`: its key is its name */
  readonly device: string
  readonly space: string
  readonly rev: string
  readonly commits: readonly { readonly cid: string; readonly bytes: Uint8Array }[]
}

/** The proof that an entry of Activity holds; undefined where one of the two commits did not come along. */
export function forkProofOf({ kind, fields }: Pick<ActivityItem, 'kind' | 'fields'>): ForkProof | undefined {
  if (kind !== 'space.forked') return undefined
  const { device, space, rev, held, other, heldCommit, otherCommit } = fields
  const isText = (it: unknown): it is string => typeof it === 'string'
  if (!isText(device) || !isText(space) || !isText(rev) || !isText(held) || !isText(other)) return undefined
  if (!(heldCommit instanceof Uint8Array) || !(otherCommit instanceof Uint8Array)) return undefined
  const commits = [
    { cid: held, bytes: heldCommit },
    { cid: other, bytes: otherCommit },
  ]
  return { device, space, rev, commits }
}

/** A file of it that a person can read, and others can check without Cairn. */
export function forkProofFile({ device, space, rev, commits }: ForkProof): Blob {
  const content = {
    type: 'cairn-fork-proof',
    version: 1,
    what: 'Two commits with one rev, both signed by one device. Each is DAG-CBOR; its CID is of these bytes, and its signature is by the key that the device is named for.',
    ...{ space, device, rev },
    commits: commits.map(({ cid, bytes }) => ({ cid, hex: toHex(bytes) })),
  }
  return new Blob([`${JSON.stringify(content, undefined, 2)}\n`], { type: 'application/json' })
}
