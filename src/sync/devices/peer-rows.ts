import type { Storage } from '../../storage/port.ts'

/** What is known of a peer. Table `peers`, key: peer id. */
export interface PeerRow {
  /** what the person calls it; it holds for the whole device */
  readonly name?: string
  /** the device that vouched for it last */
  readonly device?: Proof
  /** a context of this device */
  readonly own?: true
}

/** A certificate that was proven. */
export interface Proof {
  /** `did:key` of the device */
  readonly id: string
  /** ms since epoch */
  readonly expiresAt: number
  readonly provenAt: number
}

/** Rows of peers that nobody named. Who is met again is asked again, so a few that are forgotten do no harm. */
const MAX_UNNAMED = 1000

/** Rows are our own, written by this code: the casts say what the table holds. */
export async function peerRow(storage: Storage, peer: string): Promise<PeerRow | undefined> {
  return (await storage.get('peers', peer)) as PeerRow | undefined
}

export async function peerRows(storage: Storage): Promise<Map<string, PeerRow>> {
  const rows = await storage.list('peers')
  return new Map(rows.map(({ key, value }) => [key, value as PeerRow]))
}

/** One change at a time, over all contexts. */
const alone = <T>(storage: Storage, work: () => Promise<T>): Promise<T> =>
  storage.lock('peers', { mode: 'exclusive' }, work)

/** Keeps which device a peer belongs to. */
export function noteProof(storage: Storage, peer: string, device: Proof): Promise<void> {
  return alone(storage, async () => {
    await makeRoom(storage, peer)
    const value: PeerRow = { ...(await peerRow(storage, peer)), device }
    await storage.write([{ type: 'put', table: 'peers', key: peer, value }])
  })
}

/** Keeps that a peer id is one of this device's own. */
export function noteOwn(storage: Storage, peer: string, device: Proof): Promise<void> {
  return alone(storage, async () => {
    const value: PeerRow = { ...(await peerRow(storage, peer)), device, own: true }
    await storage.write([{ type: 'put', table: 'peers', key: peer, value }])
  })
}

/** Those that were proven longest ago go first. */
async function makeRoom(storage: Storage, newcomer: string): Promise<void> {
  if ((await storage.count('peers')) < MAX_UNNAMED) return
  const unnamed = [...(await peerRows(storage))].filter(
    ([peer, { name, own }]) => peer !== newcomer && name === undefined && own === undefined,
  )
  const surplus = unnamed
    .toSorted(([, a], [, b]) => (b.device?.provenAt ?? 0) - (a.device?.provenAt ?? 0))
    .slice(MAX_UNNAMED - 1)
  if (surplus.length > 0)
    await storage.write(surplus.map(([key]) => ({ type: 'delete', table: 'peers', key })))
}

/** Names a device by one of its peers; '' forgets the name. */
export function nameDevice(storage: Storage, peer: string, name: string): Promise<void> {
  return alone(storage, async () => {
    const rows = await peerRows(storage)
    const others = siblingsOf(rows, peer).filter(([, row]) => row.name !== undefined)
    const named: (readonly [string, PeerRow])[] = [
      ...others.map(([id, { name: _old, ...rest }]) => [id, rest] as const),
      [peer, withName(rows.get(peer), name)],
    ]
    await storage.write(
      named.map(([key, value]) =>
        Object.keys(value).length === 0
          ? { type: 'delete', table: 'peers', key }
          : { type: 'put', table: 'peers', key, value },
      ),
    )
  })
}

function withName({ name: _old, ...rest }: PeerRow = {}, name: string): PeerRow {
  return name === '' ? rest : { ...rest, name }
}

/** What the person calls a peer, or another peer of its device. */
export function nameIn(rows: ReadonlyMap<string, PeerRow>, peer: string): string | undefined {
  return rows.get(peer)?.name ?? siblingsOf(rows, peer).find(([, row]) => row.name !== undefined)?.[1].name
}

/** Other peers of the same device. A name is no proof: it stays when a certificate has ended. */
function siblingsOf(rows: ReadonlyMap<string, PeerRow>, peer: string): [string, PeerRow][] {
  const device = rows.get(peer)?.device?.id
  if (device === undefined) return []
  return [...rows].filter(([id, row]) => id !== peer && row.device?.id === device)
}
