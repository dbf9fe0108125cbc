import { readFileSync, statSync } from 'node:fs'
import { CairnError } from '../../core/errors.ts'
import { type Identity, identityFromKept } from '../../pds/identity.ts'
import { RepoError } from '../../repo/errors.ts'
import { judge } from '../../sync/judge.ts'
import { fileError, UsageError } from './errors.ts'
import type { FileProof } from './proof.ts'

/** A document has a few kilobytes; the longest audit logs a few megabytes. */
const MAX_BYTES = 64 << 20

export interface SignatureFinding {
  readonly signature: 'valid' | 'invalid' | 'unchecked'
  /** did:key that it verified with */
  readonly signedBy: string | undefined
  readonly key: 'current' | 'past' | undefined
  readonly problem: CairnError | undefined
}

export interface IdentityFiles {
  readonly did: string
  readonly document: unknown
  readonly plcLog: unknown
}

/**
 * Reads a DID document and perhaps a PLC audit log; or, as the document, the `identity.json` of an exported
 * backup, which has both. Throws `cli.file` when a file cannot be read, is no JSON, or is no document.
 */
export function readIdentity(didDoc: string, plcLog: string | undefined): IdentityFiles {
  const given = readJson(didDoc)
  const kept = isObject(given) && 'document' in given
  const document = kept ? given['document'] : given
  const did = isObject(document) ? document['id'] : undefined
  if (typeof did !== 'string') throw new UsageError('cli.file', `Not a DID document: ${didDoc}`)
  const log = plcLog !== undefined ? readJson(plcLog) : kept ? given['plcLog'] : undefined
  return { did, document, plcLog: log ?? undefined }
}

/** Whether the commit's signature is by a key of the account. */
export async function checkSignature(
  commit: NonNullable<FileProof['commit']>,
  files: IdentityFiles | undefined,
): Promise<SignatureFinding> {
  let identity: Identity | undefined
  try {
    if (files !== undefined && files.did !== commit.commit.did) {
      throw new RepoError('repo.did-mismatch', { expected: files.did, found: commit.commit.did })
    }
    identity = files === undefined ? undefined : await identityFromKept(files)
    const verdict = await judge({
      commit,
      identity,
      fetchedFromCurrentPds: false,
      head: undefined,
      clock: { now: () => Date.now() },
    })
    if (verdict.signature === 'unchecked') return { ...NOTHING, signature: 'unchecked' }
    const key = verdict.signature === 'current-key' ? 'current' : 'past'
    return { signature: 'valid', signedBy: verdict.signedBy, key, problem: undefined }
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    // A rev in the future is refused whoever signed it; documents that contradict themselves prove nothing.
    const judged = error instanceof RepoError && error.code !== 'repo.rev-future'
    return { ...NOTHING, signature: judged ? 'invalid' : 'unchecked', problem: error }
  }
}

const NOTHING = { signedBy: undefined, key: undefined, problem: undefined }

function readJson(path: string): unknown {
  let text: string
  try {
    if (statSync(path).size > MAX_BYTES) throw new UsageError('cli.file', `Too large: ${path}`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw error instanceof UsageError ? error : fileError(path, error)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError('cli.file', `Not JSON: ${path}`, { cause: error })
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
