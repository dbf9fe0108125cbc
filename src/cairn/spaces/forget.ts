import { createFileChunks } from '../../spaces/files/chunks.ts'
import { forgetSpace as forgetVault, sweepSpaces as sweepVaults } from '../../spaces/vault/forget.ts'
import type { SpaceRow } from '../../spaces/vault/model.ts'
import { createVaultRows } from '../../spaces/vault/rows.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import type { SpacesContext } from './parts.ts'

/** Says in table `meta` that a space is to go; its value lists the devices that this profile was in it. */
const GONE = 'space-gone/'
const goneKey = (space: string): string => GONE + space
/** What is remembered in table `network` of a space: each such row names it, or a device of it, after the first slash. */
const REMEMBERED = { from: 'space-', to: 'space.' }

type Context = Pick<SpacesContext, 'vaults'>

/** Takes a space out of sight, and says that the rest of it is to be deleted: all in one write. */
export const forgetOps = (space: string, devices: readonly string[]): WriteOp[] => [
  { type: 'put', table: 'meta', key: goneKey(space), value: devices },
  { type: 'delete', table: 'spaces', key: space },
]

/** The other way round, for one that was made out of sight. */
export const showOps = (row: SpaceRow): WriteOp[] => [
  { type: 'put', table: 'spaces', key: row.space, value: row },
  { type: 'delete', table: 'meta', key: goneKey(row.space) },
]

/**
 * Deletes everything of a space from this device: keys, content, files, what was remembered of its links, and what
 * Activity says of it. What the person's recovery opens stays: their words bring the space back. It is out of sight with
 * the first write; cut off after that, `sweepSpaces` goes on. The space is closed before.
 *
 * @throws StorageError, KeysError
 */
export async function forgetSpace({ vaults }: Context, space: string): Promise<void> {
  const { storage, keys } = vaults
  const row = await createVaultRows(storage).get(space)
  // Damaged ones are deleted as well.
  const kept = await keys.devices(space).catch(() => [])
  const known = row === undefined ? [] : [row.device, ...row.former]
  const devices = [...new Set([...known, ...kept.map(({ id }) => id)])]
  await storage.write(forgetOps(space, devices))
  await deleteRest(vaults, space, devices)
}

async function deleteRest(
  { storage, keys }: Context['vaults'],
  space: string,
  devices: readonly string[],
): Promise<void> {
  const chunks = await createFileChunks(storage, space)
  const names = [space, ...devices]
  await storage.write([
    ...(await rememberedOf(storage, (key) => names.some((name) => isOf(key, name)))),
    ...(await activityOf(storage, (it) => it === space)),
  ])
  await chunks.dropAll()
  await forgetVault({ storage, keys }, space)
  // A chunk that was on its way when the space was closed.
  await chunks.dropAll()
  await storage.write([{ type: 'delete', table: 'meta', key: goneKey(space) }])
}

/**
 * Deletes what is left of spaces that nobody sees: forgotten, founded or imported in part when the device stopped. For
 * the start, before anything founds or joins a space.
 *
 * @throws StorageError, KeysError
 */
export async function sweepSpaces({ vaults }: Context): Promise<void> {
  const { storage } = vaults
  for (const { key, value } of await storage.list('meta', { from: GONE, to: `${GONE.slice(0, -1)}0` })) {
    const space = key.slice(GONE.length)
    // Joined again since: it is to stay.
    if ((await storage.get('spaces', space)) !== undefined)
      await storage.write([{ type: 'delete', table: 'meta', key }])
    // only `forgetOps` writes it
    else await deleteRest(vaults, space, value as readonly string[])
  }
  await sweepVaults(vaults)
  await sweepRemembered(storage)
}

/** What something that was still at work wrote of a space after it was forgotten. */
async function sweepRemembered(storage: Storage): Promise<void> {
  const rows = await createVaultRows(storage).list()
  const spaces = new Set(rows.map(({ space }) => space))
  const names = rows.flatMap(({ space, device, former }) => [space, device, ...former])
  const ops = [
    ...(await rememberedOf(storage, (key) => !names.some((name) => isOf(key, name)))),
    ...(await activityOf(storage, (space) => !spaces.has(space))),
  ]
  if (ops.length > 0) await storage.write(ops)
}

/** No space's URI with a slash begins another's. */
const isOf = (key: string, name: string): boolean =>
  `${key.slice(key.indexOf('/') + 1)}/`.startsWith(`${name}/`)

/** Deletes some of the rows about spaces of the table `network`. */
async function rememberedOf(storage: Storage, isGone: (key: string) => boolean): Promise<WriteOp[]> {
  const keys = await storage.keys('network', REMEMBERED)
  return keys.filter(isGone).map((key) => ({ type: 'delete', table: 'network', key }))
}

/** Deletes what Activity says of some spaces; it keeps some thousand entries. */
async function activityOf(storage: Storage, isGone: (space: string) => boolean): Promise<WriteOp[]> {
  const all = await storage.list('activity')
  return all.flatMap(({ key, value }): WriteOp[] => {
    const space = spaceOf(value)
    return space !== undefined && isGone(space) ? [{ type: 'delete', table: 'activity', key }] : []
  })
}

/** Of an entry that is about a space. */
function spaceOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('fields' in item)) return undefined
  const { fields } = item
  if (typeof fields !== 'object' || fields === null || !('space' in fields)) return undefined
  return typeof fields.space === 'string' ? fields.space : undefined
}
