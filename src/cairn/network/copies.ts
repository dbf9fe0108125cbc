import type { Storage } from '../../storage/port.ts'
import { nameDevice, nameIn, type PeerRow, peerRow, peerRows } from '../../sync/devices/peer-rows.ts'
import { headOf } from '../../sync/kept.ts'
import { type CopyRow, copyRows } from '../../sync/peers/copy-rows.ts'
import type { Copy } from '../network-model.ts'

/** Longer than anyone calls a device, characters. */
const MAX_NAME = 60

/** A name for a peer, and for every other peer of its device. */
export const namePeer = (storage: Storage, peer: string, name: string): Promise<void> =>
  nameDevice(storage, peer, name.trim().slice(0, MAX_NAME))

export async function peerName(storage: Storage, peer: string): Promise<string | undefined> {
  const row = await peerRow(storage, peer)
  if (row?.name !== undefined || row?.device === undefined) return row?.name
  return nameIn(await peerRows(storage), peer)
}

/** A copy, and the peers of the device that keeps it. */
export interface DeviceCopy {
  readonly copy: Copy
  readonly peers: readonly string[]
}

/** All copies of a repo that are known, ours first: one a device, however many peers it is known as. */
export async function copiesOf(
  storage: Storage,
  did: string,
  self: string,
  isOnline: (peer: string) => boolean,
): Promise<DeviceCopy[]> {
  const head = await headOf(storage, did)
  const peers = await peerRows(storage)
  const others = byDevice(await copyRows(storage, did), peers).map((rows) => {
    const copy = copyOf(rows, head?.rev, isOnline)
    return { copy: { ...copy, name: nameIn(peers, copy.peer) }, peers: rows.map(({ peer }) => peer) }
  })
  others.sort((a, b) => (b.copy.answeredAt ?? 0) - (a.copy.answeredAt ?? 0))
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
  return [{ copy: ours, peers: [self] }, ...others]
}

type Rows = readonly [CopyRow, ...CopyRow[]]

/** Rows by the device that they are of; those of other contexts of this device are copies of nobody else. */
function byDevice(rows: readonly CopyRow[], peers: ReadonlyMap<string, PeerRow>): Rows[] {
  const own = new Set([...peers.values()].flatMap((it) => (it.own && it.device ? [it.device.id] : [])))
  const groups = new Map<string, [CopyRow, ...CopyRow[]]>()
  for (const row of rows) {
    const known = peers.get(row.peer)
    const device = deviceOf(row, known)
    if (known?.own === true || (device !== undefined && own.has(device))) continue
    const key = device ?? row.peer
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
}

/** A certificate speaks for what its peer said while it held. A relay's store is nobody's device. */
function deviceOf({ kind, answeredAt }: CopyRow, peer: PeerRow | undefined): string | undefined {
  if (kind === 'store' || peer?.device === undefined) return undefined
  return (answeredAt ?? 0) <= peer.device.expiresAt ? peer.device.id : undefined
}

/** One device's copy. What it said last, as whichever peer, holds: its peers share one disk. */
function copyOf(
  rows: Rows,
  ours: string | undefined,
  isOnline: (peer: string) => boolean,
): Omit<Copy, 'name'> {
  const said = latest(rows, (row) => row.saidAt ?? row.answeredAt)
  const asked = latest(rows, (row) => row.challenge?.at)
  const online = rows.filter((row) => isOnline(row.peer))
  const [first, ...rest] = online
  // Whoever can be reached now is the one to ask.
  const { peer } = latest(first === undefined ? rows : [first, ...rest], (row) => row.answeredAt)
  return {
    did: said.did,
    peer,
    kind: said.kind,
    rev: said.rev,
    state: stateOf(said, ours),
    answeredAt: latest(rows, (row) => row.answeredAt).answeredAt,
    challenge: asked.challenge,
    online: online.length > 0,
  }
}

const latest = (rows: Rows, at: (row: CopyRow) => number | undefined): CopyRow =>
  rows.reduce((best, row) => ((at(row) ?? 0) > (at(best) ?? 0) ? row : best))

function stateOf(row: CopyRow, rev: string | undefined): Copy['state'] {
  if (row.partial) return 'partial'
  if (row.rev === undefined || rev === undefined) return 'unknown'
  if (row.rev === rev) return 'current'
  return row.rev < rev ? 'behind' : 'ahead'
}
