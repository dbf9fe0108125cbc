import type { Storage, WriteOp } from '../../storage/port.ts'

/** An epoch's key that came here, and the epoch as its maker signed it, once that is here too. */
interface EpochRow {
  readonly key: Uint8Array
  readonly bytes: Uint8Array | undefined
}

const keyOf = (space: string, name: string): string => `${space}/epoch/${name}`

/** Table `space-keys`, key `{space}/epoch/{name}`: with them a space opens again without HPKE. */
export async function readEpochRows(storage: Storage, space: string): Promise<ReadonlyMap<string, EpochRow>> {
  const from = keyOf(space, '')
  const rows = await storage.list('space-keys', { from, to: `${from}~` })
  // Only this file writes them.
  return new Map(rows.map(({ key, value }) => [key.slice(from.length), value as EpochRow]))
}

export const epochRowOp = (
  space: string,
  name: string,
  { key, bytes }: { readonly key: Uint8Array; readonly bytes?: Uint8Array | undefined },
): WriteOp => ({
  type: 'put',
  table: 'space-keys',
  key: keyOf(space, name),
  // A view would be kept with the whole buffer behind it.
  value: { key: key.slice(), bytes: bytes?.slice() } satisfies EpochRow,
})

/**
 * Keys that somebody told, which no epoch has proven yet: beside what is kept, and never in place of a key that was
 * proven.
 */
export async function tellEpochs(
  storage: Storage,
  space: string,
  told: readonly { readonly name: string; readonly key: Uint8Array }[],
): Promise<void> {
  const held = await readEpochRows(storage, space)
  const ops = told.flatMap(({ name, key }) =>
    held.get(name)?.bytes === undefined ? [epochRowOp(space, name, { key })] : [],
  )
  if (ops.length > 0) await storage.write(ops)
}
