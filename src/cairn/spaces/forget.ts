import { createFileChunks } from '../../spaces/files/chunks.ts'
import type { SpacesContext } from './parts.ts'

/**
 * Deletes everything of a space from this device. Its row goes first: what a crash leaves then is of a space that
 * nobody sees, and `sweepSpaces` finishes.
 */
export async function forgetSpace({ vaults }: Pick<SpacesContext, 'vaults'>, space: string): Promise<void> {
  const { storage, keys } = vaults
  await storage.write([
    { type: 'put', table: 'meta', key: `space-gone/${space}`, value: true },
    { type: 'delete', table: 'spaces', key: space },
  ])
  const range = { from: `${space}/`, to: `${space}0` }
  await storage.write([
    { type: 'delete-range', table: 'space-log', ...range },
    { type: 'delete-range', table: 'space-keys', ...range },
  ])
  await keys.forget(space)
  await (await createFileChunks(storage, space)).dropAll()
  for (const prefix of ['head/', 'state/', 'held/', 'take/'])
    await storage.write([
      { type: 'delete-range', table: 'space-repos', from: prefix + range.from, to: prefix + range.to },
    ])
  for (const prefix of ['', '=', '+', '-', '%'])
    await storage.write([
      { type: 'delete-range', table: 'space-records', from: prefix + range.from, to: prefix + range.to },
    ])
  await storage.write([{ type: 'delete', table: 'meta', key: `space-gone/${space}` }])
}

/** Finishes what a stop cut off. */
export async function sweepSpaces(context: Pick<SpacesContext, 'vaults'>): Promise<void> {
  const { storage } = context.vaults
  const left = await storage.keys('meta', { from: 'space-gone/', to: 'space-gone0' })
  for (const key of left) await forgetSpace(context, key.slice('space-gone/'.length))
}
