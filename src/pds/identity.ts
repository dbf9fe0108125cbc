import { fetchPlcDocument, fetchPlcLog, fetchWebDocument, didMethod } from './did-fetch.ts'
import { handlesOf, pdsOrigin, readDidDocument, type DidDocument, type DocumentWarning } from './did.ts'
import { PdsError } from './errors.ts'
import { resolveHandle, type HandleEndpoints, type HandleWay } from './handle.ts'
import { parseAccountName } from './input.ts'
import type { Network } from './network.ts'
import type { KeyPeriod } from './plc/keys.ts'
import { verifyPlcLog, type VerifiedPlcLog } from './plc/log.ts'

export type IdentityWarning =
  | DocumentWarning
  /** the directory's document disagrees with the log that proves it; the log was taken */
  | 'document-key-differs'
  | 'document-pds-differs'
  | 'document-handles-differ'

/** Who an account is: where its repo lives and whose signature counts. Structured-clonable. */
export interface Identity {
  readonly did: string
  /** the handle that was asked for, or else the first that the account claims */
  readonly handle: string | undefined
  /** the handle's domain points to this DID and this DID claims the handle, checked at `resolvedAt` */
  readonly handleVerified: boolean
  readonly handleVia: HandleWay | undefined
  /** origin of the PDS */
  readonly pds: string | undefined
  /** the DID document as received, to be kept with each snapshot */
  readonly document: unknown
  /** the PLC audit log as received, to be kept with each snapshot; undefined for did:web */
  readonly plcLog: readonly unknown[] | undefined
  /** the #atproto key over time, oldest first */
  readonly keys: readonly KeyPeriod[]
  readonly currentKey: string | undefined
  /** `plc-log`: proven back to the DID itself; otherwise only as good as where the document came from */
  readonly keysFrom: 'plc-log' | 'did-web' | 'document'
  readonly warnings: readonly IdentityWarning[]
  /** ms; undefined when made from stored documents */
  readonly resolvedAt: number | undefined
}

export interface IdentityEndpoints extends HandleEndpoints {
  /** PLC directory base URL */
  readonly plc: string
}

export interface IdentityResolver {
  /**
   * Resolves a handle, DID, at:// URI or profile link. Errors: those of `parseAccountName`,
   * `resolveHandle` and the fetches, `pds.handle-invalid { reason: 'not-claimed' }` when the DID does
   * not claim the handle, `pds.did-*`, `pds.plc-log-invalid`.
   */
  resolve(input: string, options?: { readonly signal?: AbortSignal }): Promise<Identity>
}

/** Makes a resolver. It keeps nothing: each call asks the network. */
export function createIdentityResolver(
  deps: Network & { readonly endpoints: IdentityEndpoints },
): IdentityResolver {
  const { endpoints } = deps

  async function fetchProven(did: string, signal: AbortSignal | undefined): Promise<Proven> {
    if (didMethod(did) === 'web') {
      return await prove(did, await fetchWebDocument(deps, did, { signal }), undefined)
    }
    const [document, log] = await Promise.allSettled([
      fetchPlcDocument(deps, endpoints.plc, did, { signal }),
      fetchPlcLog(deps, endpoints.plc, did, { signal }),
    ])
    if (log.status === 'rejected') throw log.reason
    // a directory has no document for a tombstoned DID, so the log has the first word
    const verified = await verifyPlcLog(did, log.value)
    if (verified.current === 'tombstoned') throw new PdsError('pds.did-tombstoned', { did })
    if (document.status === 'rejected') throw document.reason
    return combine(did, document.value, log.value, verified)
  }

  return {
    async resolve(input, { signal } = {}) {
      const name = parseAccountName(input)
      if (name.type === 'handle') {
        const { did, via } = await resolveHandle(deps, endpoints, name.handle, signal)
        const { handles, ...proven } = await fetchProven(did, signal)
        if (!handles.includes(name.handle)) {
          throw new PdsError('pds.handle-invalid', { handle: name.handle, reason: 'not-claimed', did })
        }
        const resolvedAt = deps.clock.now()
        return { ...proven, handle: name.handle, handleVerified: true, handleVia: via, resolvedAt }
      }
      const { handles, ...proven } = await fetchProven(name.did, signal)
      const handle = handles[0]
      const via = handle === undefined ? undefined : await provenWay(handle, name.did, signal)
      const resolvedAt = deps.clock.now()
      return { ...proven, handle, handleVerified: via !== undefined, handleVia: via, resolvedAt }
    },
  }

  /** How the handle leads back to this DID; undefined when it does not, or cannot be asked now. */
  async function provenWay(
    handle: string,
    did: string,
    signal: AbortSignal | undefined,
  ): Promise<HandleWay | undefined> {
    try {
      const resolved = await resolveHandle(deps, endpoints, handle, signal)
      return resolved.did === did ? resolved.via : undefined
    } catch (error) {
      // an account is found by its DID even when its handle is broken
      if (error instanceof PdsError && error.code !== 'pds.cancelled') return undefined
      throw error
    }
  }
}

/**
 * The same identity from documents stored with a snapshot, or handed over by a peer, with no network.
 * The PLC log is verified again; without one (`plcLog` undefined) a did:plc has only its document's
 * word. Errors: `pds.did-*`, `pds.plc-log-invalid`.
 */
export async function identityFromKept(kept: {
  readonly did: string
  readonly document: unknown
  readonly plcLog: unknown
}): Promise<Identity> {
  const { handles, ...proven } = await prove(kept.did, kept.document, kept.plcLog)
  return { ...proven, handle: handles[0], handleVerified: false, handleVia: undefined, resolvedAt: undefined }
}

/** The origin of the account's PDS, or `pds.no-pds { did }`. */
export function requirePds(identity: Pick<Identity, 'did' | 'pds'>): string {
  if (identity.pds === undefined) throw new PdsError('pds.no-pds', { did: identity.did })
  return identity.pds
}

/** The account's current key as did:key, or `pds.no-key { did }`. */
export function requireKey(identity: Pick<Identity, 'did' | 'currentKey'>): string {
  if (identity.currentKey === undefined) throw new PdsError('pds.no-key', { did: identity.did })
  return identity.currentKey
}

type Proven = Omit<Identity, 'handle' | 'handleVerified' | 'handleVia' | 'resolvedAt'> & {
  readonly handles: readonly string[]
}

async function prove(did: string, document: unknown, log: unknown): Promise<Proven> {
  if (didMethod(did) === 'plc' && log !== undefined) {
    return combine(did, document, log, await verifyPlcLog(did, log))
  }
  const read = readDidDocument(did, document)
  const keys = read.key === undefined ? [] : [{ didKey: read.key, from: 0, until: undefined }]
  const keysFrom = didMethod(did) === 'web' ? 'did-web' : 'document'
  const { handles, pds, key, warnings } = read
  return { did, pds, document, plcLog: undefined, keys, currentKey: key, keysFrom, warnings, handles }
}

function combine(did: string, document: unknown, log: unknown, verified: VerifiedPlcLog): Proven {
  const state = verified.current === 'tombstoned' ? undefined : verified.current
  const read = readDidDocument(did, document)
  const handles = handlesOf(state?.alsoKnownAs ?? [])
  const service = state?.services.get('atproto_pds')
  const pds = service?.type === 'AtprotoPersonalDataServer' ? pdsOrigin(service.endpoint) : undefined
  const currentKey = state?.verificationMethods.get('atproto')
  const warnings =
    state === undefined
      ? read.warnings
      : [...read.warnings, ...differences(read, { handles, pds, currentKey })]
  // verifyPlcLog took it, so it is a list
  const plcLog = log as readonly unknown[]
  const keys = verified.signingKeys
  return { did, pds, document, plcLog, keys, currentKey, keysFrom: 'plc-log', warnings, handles }
}

function differences(
  document: DidDocument,
  log: {
    readonly handles: readonly string[]
    readonly pds: string | undefined
    readonly currentKey: string | undefined
  },
): IdentityWarning[] {
  const warnings: IdentityWarning[] = []
  if (document.key !== log.currentKey) warnings.push('document-key-differs')
  if (document.pds !== log.pds) warnings.push('document-pds-differs')
  if (document.handles.join(' ') !== log.handles.join(' ')) warnings.push('document-handles-differ')
  return warnings
}
