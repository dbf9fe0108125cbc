import { isHandle } from '../../core/syntax.ts'
import { didMethod } from '../../pds/did-fetch.ts'
import { networkOf } from '../host.ts'
import { repoRow } from '../kept.ts'
import type { MovingHost } from './context.ts'
import { MovingError } from './errors.ts'
import { type MoveKind, moveKey, type MoveRow } from './model.ts'
import { describeServer } from './new-place.ts'
import { movedBy } from './news.ts'
import { moveRow } from './run.ts'

/** What a person decides on before a move. */
export interface MoveInput {
  readonly did: string
  readonly kind: MoveKind
  /** address of the new server */
  readonly server: string
  /** handle at the new server */
  readonly handle: string
  readonly email: string
  readonly invite?: string
  /** a snapshot to restore instead of the newest */
  readonly snapshot?: string
  /** go on without blobs that nobody has */
  readonly withoutBlobs?: boolean
}

/**
 * Notes that a move begins. Nothing is changed at any server by it.
 *
 * @throws MovingError `moving.underway`, `moving.busy`, `moving.same-server`, `moving.handle-refused`; PdsError of the new server
 */
export async function beginMove(parts: MovingHost, input: MoveInput): Promise<MoveRow> {
  const { host, store } = parts
  const { did, kind } = input
  // one that cannot be resolved cannot be moved
  didMethod(did)
  await refuseSecond(parts, did)
  const server = await describeServer(networkOf(host, await parts.endpoints()), input.server)
  const handle = input.handle.trim().replace(/^@/, '').toLowerCase()
  if (!isHandle(handle)) {
    throw new MovingError('moving.handle-refused', { host: server.host, handle, message: 'syntax' })
  }
  const kept = await repoRow(host.storage, did)
  const from = kept?.pds ?? (await parts.sessions.of(did))?.pds
  if (from === server.pds) throw new MovingError('moving.same-server', { host: server.host })
  const invite = input.invite?.trim()
  const row: MoveRow = {
    did,
    handle: kept?.handle,
    kind,
    from,
    to: {
      pds: server.pds,
      server: server.did,
      handle,
      email: input.email.trim(),
      invite: invite === '' ? undefined : invite,
    },
    snapshot: input.snapshot,
    withoutBlobs: input.withoutBlobs ?? false,
    startedAt: host.clock.now(),
    endedAt: undefined,
    steps: {},
    waits: undefined,
    sealed: undefined,
    sent: undefined,
    rounds: 0,
  }
  await host.storage.lock(moveKey(did), { mode: 'exclusive', ifAvailable: true }, async (held) => {
    // Another tab may have begun one while the new server was asked.
    await refuseSecond(parts, did)
    if (!held) throw new MovingError('moving.busy', { did })
    await store.write([{ key: moveKey(did), value: row }])
  })
  parts.changed(did)
  await parts.note(did, { kind: 'moving.begun', fields: movedBy(row), level: 'info' })
  return row
}

async function refuseSecond(parts: MovingHost, did: string): Promise<void> {
  const before = await moveRow(parts, did)
  if (before !== undefined && before.endedAt === undefined) {
    throw new MovingError('moving.underway', { did, to: before.to.pds })
  }
}
