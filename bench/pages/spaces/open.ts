import { createCairn } from '../../../src/cairn/create.ts'
import { fromHex } from '../../../src/core/bytes.ts'
import { foundSpace } from '../../../src/spaces/vault/found.ts'
import { openVault } from '../../../src/spaces/vault/vault.ts'
import { browserHost } from '../../../src/worker/host.ts'
import { openDatabase, putAll } from '../database.ts'
import type { Task } from '../worker.ts'
import { fill } from './club.ts'
import { hasty, vaultHost } from './host.ts'
import { give, joined } from './meet.ts'

/** What the floor needs and cannot know: which space, and the keys of its epochs. */
export interface FloorSpace {
  readonly space: string
  readonly epochs: readonly { readonly name: Uint8Array; readonly key: Uint8Array }[]
}

const KEYS = 'floor-space'
const SEED = 11
const SCREEN = 50

/** A space of so many entities by so many members, in the product's own database, as one of them has it. */
export const keepSpace: Task<'keepSpace'> = async ({ entities, members }) => {
  const host = await vaultHost(undefined, hasty)
  return async () => {
    const row = await foundSpace(host, { title: 'Garden', name: 'Anna', hidePast: false, relays: [] })
    const founder = await openVault(host, row)
    const others = []
    for (let i = 1; i < members; i++) {
      const theirs = await vaultHost(`member-${i}`, hasty)
      others.push({ host: theirs, vault: await joined(founder, theirs, `Member ${i}`) })
    }
    await fill([founder, ...others.map(({ vault }) => vault)], entities, SEED)
    for (const { host: theirs, vault } of others) {
      await give(vault, founder)
      await vault.close()
      await theirs.storage.close()
    }
    const epochs = founder.epochs().map(({ name, key }) => ({ name: fromHex(name) ?? new Uint8Array(), key }))
    await founder.close()
    await host.storage.close()
    for (let i = 1; i < members; i++) await deleted(`member-${i}`)
    await putAll(await openDatabase(KEYS), [[KEYS, { space: row.space, epochs } satisfies FloorSpace]])
    return { space: row.space }
  }
}

const deleted = (name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.addEventListener('success', () => resolve())
    request.addEventListener('error', () => reject(request.error ?? new Error('delete failed')))
  })

/**
 * What the first screens of a space ask the engine for, from its start on. An answer is cloned, as it is on its way to
 * the page.
 */
export const ourSpace: Task<'ourSpace'> =
  async ({ space }) =>
  async () => {
    // The page's node is not here, and not waited for: as on a network that does not answer.
    const host = await browserHost('page', () => new Promise(() => {}))
    const cairn = createCairn(host)
    const { spaces } = cairn
    const [detail, posts, ...lists] = structuredClone(
      await Promise.all([
        spaces.get(space),
        spaces.entities(space, 'post'),
        spaces.entities(space, 'task'),
        spaces.entities(space, 'note'),
        spaces.entities(space, 'file'),
        spaces.entities(space, 'pin'),
        spaces.entities(space, 'profile'),
        spaces.entities(space, 'reaction'),
        spaces.entities(space, 'read'),
      ]),
    )
    const first = posts.slice(0, SCREEN).map(({ id }) => `post/${id}`)
    structuredClone(await Promise.all([spaces.reactions(space, first), spaces.unread(space)]))
    return {
      entities: posts.length + lists.reduce((sum, list) => sum + list.length, 0),
      members: detail?.persons.length ?? 0,
    }
  }
