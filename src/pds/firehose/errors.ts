import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `firehose.malformed` | `reason`: `text`, `header`, `payload`, `shape`; `at`: byte offset where it is known |
 * | `firehose.too-large` | `bytes`, `limit`: a frame over what the protocol allows |
 * | `firehose.refused` | `error`, `message`: an error frame of the server |
 * | `firehose.closed` | `reason`: the connection ended, or never began |
 * | `firehose.silent` | `ms`: nothing came for so long |
 * | `firehose.overrun` | `bytes`: more waited to be handled than is held |
 * | `firehose.busy` | `bytes`, `perSecond`: the server says more than this device listens to |
 * | `firehose.unproven` | `did`, `reason`: a commit that does not prove what it changed, so its repo is asked for |
 */
export type FirehoseErrorCode =
  | 'firehose.malformed'
  | 'firehose.too-large'
  | 'firehose.refused'
  | 'firehose.closed'
  | 'firehose.silent'
  | 'firehose.overrun'
  | 'firehose.busy'
  | 'firehose.unproven'

/** Raised by the stream of changes of a PDS. */
export class FirehoseError extends CairnError {
  constructor(code: FirehoseErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
