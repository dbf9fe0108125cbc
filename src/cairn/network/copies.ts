import type { Copy } from '../network-model.ts'
import { type CopyRow, copyRows } from '../../sync/peers/copy-rows.ts'
import { headOf } from '../../sync/kept.ts'
import type { Storage } from '../../storage/port.ts'

/** A name that a person gave a peer. Table `peers`, key: peer id. */
export interface PeerRow {
  readonly name: string
}

/** Longer than anyone calls a device, characters. */
const MAX_NAME = 60

export async function namePeer(storage: Storage, peer: string, name: string): Promise<void> {
  const short = name.trim().slice(0, MAX_NAME)
  const row: PeerRow = { name: short }
  await storage.write([
    short === ''
      ? { type: 'delete', table: 'peers', key: peer }
      : { type: 'put', table: 'peers', key: peer, value: row },
  ])
}

export async function peerName(storage: Storage, peer: string): Promise<string | undefined> {
  return ((await storage.get('peers', peer)) as PeerRow | undefined)?.name
}

/** All copies of a repo that are known, ours first. */
export async function copiesOf(
  storage: Storage,
  did: string,
  self: string,
  isOnline: (peer: string) => boolean,
): Promise<Copy[]> {
  const head = await headOf(storage, did)
  const rows = await copyRows(storage, did)
  const others = await Promise.all(
    rows.map(async (row): Promise<Copy> => ({
      did,
      peer: row.peer,
      name: await peerName(storage, row.peer),
      kind: row.kind,
      rev: row.rev,
      state: stateOf(row, head?.rev),
      answeredAt: row.answeredAt,
      challenge: row.challenge,
      online: isOnline(row.peer),
    })),
  )
  others.sort((a, b) => (b.answeredAt ?? 0) - (a.answeredAt ?? 0))
  if (head === undefined) return others
  const ours: Copy = {
    did,
    peer: self,
    name: undefined,
    kind: 'self',
    rev: head.rev,
    state: 'current',
    answeredAt: head.verifiedAt,
    challenge: undefined,
    online: true,
  }
  return [ours, ...others]
}

function stateOf(row: CopyRow, rev: string | undefined): Copy['state'] {
  if (row.partial) return 'partial'
  if (row.rev === undefined || rev === undefined) return 'unknown'
  if (row.rev === rev) return 'current'
  return row.rev < rev ? 'behind' : 'ahead'
}
