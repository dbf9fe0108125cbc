/**
 * What a request is refused with, as atproto's HTTP API has it: a status, and `{ error, message }`. Never
 * leaves this folder: whoever asked gets it as JSON.
 */
export class XrpcError extends Error {
  readonly status: number
  /** the error's name in the method's lexicon, or one of the general ones */
  readonly error: string

  constructor(status: number, error: string, message: string) {
    super(message)
    this.status = status
    this.error = error
  }
}

export const invalid = (message: string): XrpcError => new XrpcError(400, 'InvalidRequest', message)

export const repoNotFound = (repo: string): XrpcError =>
  new XrpcError(400, 'RepoNotFound', `Could not find repo: ${repo.slice(0, 256)}`)
