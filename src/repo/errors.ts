import { CairnError } from '../core/errors.ts'

/** Every way in which bytes can fail to be a repository, or a signed statement can fail to count. */
export type RepoErrorCode =
  // the CAR file
  /** the bytes end before the header or a block does */
  | 'repo.car-truncated'
  /** the header is no strict DAG-CBOR map of `roots` and `version`, or is over its limit */
  | 'repo.car-header'
  /** a CAR of another version than 1 */
  | 'repo.car-version'
  /** a frame's length is no shortest-form varint, or leaves no room for a CID */
  | 'repo.car-frame'
  /** a frame claims a block above the limit */
  | 'repo.block-too-large'
  /** a CID that is not version 1, SHA-256 of 32 bytes, DAG-CBOR or raw */
  | 'repo.cid-unsupported'
  /** a block's bytes do not hash to its CID */
  | 'repo.bad-hash'
  /** the header names no root, or the root's block is not there */
  | 'repo.no-root'
  // the commit
  /** a field is missing, unknown, or of another type; or it is not strict DAG-CBOR */
  | 'repo.commit-malformed'
  /** a commit version other than 2 and 3 */
  | 'repo.commit-version'
  /** the signature is not by any key that counts, or is no 64-byte compact signature */
  | 'repo.bad-signature'
  /** the signature's S is in the upper half of the group order */
  | 'repo.high-s'
  /** a key that is not a P-256 or K-256 point in a known form */
  | 'repo.key-unsupported'
  /** the commit is of another account */
  | 'repo.did-mismatch'
  /** the rev is no TID */
  | 'repo.rev-malformed'
  /** the rev lies further ahead of the clock than is allowed */
  | 'repo.rev-future'
  /** the rev is older than the head that is kept */
  | 'repo.rev-rollback'
  /** two commits with one rev */
  | 'repo.equivocation'
  /** signed by a past key, where only the current one counts */
  | 'repo.past-key'
  // the tree
  /** a tree node's block is not there */
  | 'repo.node-missing'
  /** a tree node has not the shape of one */
  | 'repo.node-malformed'
  /** a tree node is not strict DAG-CBOR */
  | 'repo.node-not-canonical'
  /** keys do not increase */
  | 'repo.key-order'
  /** a key twice */
  | 'repo.key-duplicate'
  /** a shared prefix that is too long, or shorter than it could be */
  | 'repo.prefix-wrong'
  /** a key's hash puts it on another layer than the node it is in */
  | 'repo.height-wrong'
  /** a child is not exactly one layer below its parent */
  | 'repo.layer-wrong'
  /** a node without entries that is not the root of an empty tree, nor a step to a lower layer */
  | 'repo.node-empty'
  /** more layers than SHA-256 allows or than the limit */
  | 'repo.tree-too-deep'
  /** more entries than the limit */
  | 'repo.too-many-entries'
  /** a key that is not a collection, a slash and a record key */
  | 'repo.path-invalid'
  /** the changes that were received do not give the signed root */
  | 'repo.root-mismatch'
  // the records
  /** a record's block is not there */
  | 'repo.record-missing'
  /** not a DAG-CBOR map of the atproto data model */
  | 'repo.record-malformed'
  /** not in the one canonical form */
  | 'repo.record-not-canonical'
  /** a float, which atproto does not have */
  | 'repo.record-float'
  /** nested deeper than the limit */
  | 'repo.record-too-deep'
  /** larger than a record may be */
  | 'repo.record-too-large'
  /** a record under another codec than DAG-CBOR */
  | 'repo.record-codec'
  // JSON on its way in
  /** a value that the data model does not have; `at` says where */
  | 'repo.json-invalid'

/** Where in its source the offending bytes are. */
export interface RepoErrorFields extends Record<string, unknown> {
  /** byte offset in the CAR of the frame of the offending block */
  offset?: number
  /** the offending block's CID as text, where it is known */
  cid?: string
  /** byte offset in the block */
  at?: number
  /** a word on which rule of the code's group was broken, for logs */
  reason?: string
}

/** Raised by everything that reads repositories. */
export class RepoError extends CairnError {
  declare readonly code: RepoErrorCode

  constructor(code: RepoErrorCode, fields: RepoErrorFields = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
