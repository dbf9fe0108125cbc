import { didMethod } from '../../pds/did-fetch.ts'
import { createIdentityResolver } from '../../pds/identity.ts'
import type { Network } from '../../pds/network.ts'
import { RECOVERY_WINDOW } from '../../pds/plc/log.ts'
import { currentPlcLog } from '../../pds/plc/submit.ts'
import { networkOf } from '../host.ts'
import type { MovingHost } from './context.ts'
import { type PrivateRow, privateKey, recoveryKey, type RecoveryRow } from './model.ts'

/** Who may say where an account is, as its identity stands now. */
export interface Standing {
  readonly did: string
  readonly method: 'plc' | 'web'
  readonly pds: string | undefined
  readonly handle: string | undefined
  /** did:plc: rotation keys, most powerful first */
  readonly keys: readonly { readonly didKey: string; readonly own: boolean }[]
  /** the recovery key that was made on this device */
  readonly recovery: (RecoveryRow & { readonly rank: number | undefined }) | undefined
  /** operations that a more powerful key can still undo, newest last */
  readonly recent: readonly {
    readonly at: number
    readonly until: number
    readonly own: boolean
    /** the server that it named */
    readonly pds: string | undefined
  }[]
  /** ms; when what is not in the repo was last exported to this device */
  readonly privateAt: number | undefined
}

/**
 * Reads how an account stands: from the directory, or from its own host.
 *
 * @throws PdsError
 */
export async function standingOf(parts: MovingHost, did: string): Promise<Standing> {
  const asked = await parts.endpoints()
  const network = networkOf(parts.host, asked)
  // only our own rows are under these keys
  const kept = (await parts.store.get(recoveryKey(did))) as RecoveryRow | undefined
  const privateAt = ((await parts.store.get(privateKey(did))) as PrivateRow | undefined)?.at
  if (didMethod(did) === 'web') {
    const { pds, handle } = await createIdentityResolver({ ...network, endpoints: asked }).resolve(did)
    return { did, method: 'web', pds, handle, keys: [], recovery: undefined, recent: [], privateAt }
  }
  return { ...(await plcStanding(parts, network, asked.plc, did, kept)), privateAt }
}

async function plcStanding(
  { host, store }: MovingHost,
  network: Network,
  plc: string,
  did: string,
  kept: RecoveryRow | undefined,
): Promise<Omit<Standing, 'privateAt'>> {
  const { log } = await currentPlcLog(network, plc, did)
  const state = log.current === 'tombstoned' ? undefined : log.current
  const rotation = state?.rotationKeys ?? []
  const rank = kept === undefined ? -1 : rotation.indexOf(kept.didKey)
  let recovery = kept
  if (kept !== undefined && rank >= 0 && kept.addedAt === undefined) {
    recovery = { ...kept, addedAt: host.clock.now() }
    await store.write([{ key: recoveryKey(did), value: recovery }])
  }
  const now = host.clock.now()
  const alias = state?.alsoKnownAs.find((it) => it.startsWith('at://'))
  return {
    did,
    method: 'plc',
    pds: state?.services.get('atproto_pds')?.endpoint,
    handle: alias?.slice('at://'.length),
    keys: rotation.map((didKey) => ({ didKey, own: didKey === kept?.didKey })),
    recovery: recovery === undefined ? undefined : { ...recovery, rank: rank < 0 ? undefined : rank },
    recent: log.operations
      .filter((it) => !it.nullified && it.prev !== null && now - it.createdAt < RECOVERY_WINDOW)
      .map((it) => ({
        at: it.createdAt,
        until: it.createdAt + RECOVERY_WINDOW,
        own: it.signedBy === kept?.didKey,
        pds: it.state?.services.get('atproto_pds')?.endpoint,
      })),
  }
}
