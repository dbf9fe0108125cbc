import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `space.uri` | `uri`: no space repo is called that |
 * | `space.commit-malformed` | `reason`: what is missing, unknown, or of another form |
 * | `space.commit-version` | `version` |
 * | `space.rev-malformed` | `rev`: no TID, or of a time beyond 2^53 - 1 microseconds |
 * | `space.bad-signature` | `reason`: not by the author's key, or no 64 bytes with a low S |
 * | `space.key-unsupported` | `author`: no P-256 key |
 * | `space.wrong-space`, `space.wrong-author` | `found`: the commit is of another repo |
 * | `space.not-allowed` | `author`: who may not write here |
 * | `space.rollback` | `rev`, `held`: older than the head |
 * | `space.equivocation` | `rev`, `held`, `other`: CIDs of two commits; `heldCommit`, `otherCommit`: their bytes, where kept |
 * | `space.hash-mismatch` | `rev`, `found`, `signed`: digests in hexadecimal |
 * | `space.record` | `path`, `reason`: no record, or none that may stand there |
 * | `space.changes` | `reason`: a list that contradicts itself |
 * | `space.busy` | the repo changed meanwhile: ask again |
 * | `space.bad-answer` | `reason`: an answer that no honest source gives |
 * | `space.chunk-gone` | `chunk`: the source no longer has it |
 * | `space.restarts` | the source began anew too often |
 *
 * Errors about what a peer sent also have `peer` and `repo`.
 */
export type SpaceErrorCode =
  | 'space.uri'
  | 'space.commit-malformed'
  | 'space.commit-version'
  | 'space.rev-malformed'
  | 'space.bad-signature'
  | 'space.key-unsupported'
  | 'space.wrong-space'
  | 'space.wrong-author'
  | 'space.not-allowed'
  | 'space.rollback'
  | 'space.equivocation'
  | 'space.hash-mismatch'
  | 'space.record'
  | 'space.changes'
  | 'space.busy'
  | 'space.bad-answer'
  | 'space.chunk-gone'
  | 'space.restarts'

/** Raised by everything that reads, keeps and syncs space repos. */
export class SpaceError extends CairnError {
  declare readonly code: SpaceErrorCode

  constructor(code: SpaceErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
