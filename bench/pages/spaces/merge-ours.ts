import type { Storage } from '../../../src/storage/port.ts'
import { foundSpace } from '../../../src/spaces/vault/found.ts'
import { openVault } from '../../../src/spaces/vault/vault.ts'
import { createGzip } from '../../../src/sync/packs/space-gzip.ts'
import { spaceSource } from '../../../src/sync/packs/space-source.ts'
import { takeSpace } from '../../../src/sync/packs/space-sync.ts'
import { createSpaceTaker } from '../../../src/sync/packs/space-take.ts'
import type { Task } from '../worker.ts'
import { dayOf } from './day.ts'
import { vaultHost } from './host.ts'
import { joined } from './meet.ts'
import { textOf } from './note-doc.ts'
import { doStep, type Side, sideOf, writeAll } from './side.ts'

/** A storage that waits for the disk as it is asked to, once it is told so: what is made before the clock starts need not. */
function switched(): { readonly wrap: (storage: Storage) => Storage; strict(): void } {
  let isHasty = true
  return {
    wrap: (storage) => ({
      ...storage,
      write: (ops, options) => storage.write(ops, isHasty ? { ...options, durability: 'relaxed' } : options),
    }),
    strict: () => (isHasty = false),
  }
}

/** All that one wrote goes to the other, as sync takes it: answered, read, proven, stored, opened, and shown. */
async function hand(from: Pick<Side, 'vault'>, to: Pick<Side, 'host' | 'vault'>): Promise<void> {
  const { sha256 } = to.host
  const gzip = createGzip()
  const source = spaceSource({ store: from.vault.store, sha256, gzip, mayRead: async () => true })
  const taker = createSpaceTaker({ store: to.vault.store, sha256, gzip })
  const author = from.vault.device().id
  const repo = `${from.vault.row.space}/${author}`
  const caller = { peer: 'bench' }
  const taken = await takeSpace(taker, repo, {
    peer: 'bench',
    async pull(ask) {
      const answer = await source.pull(ask, { caller, room: 1 << 30, alone: true })
      if (answer === undefined) throw new Error('no answer')
      return answer
    },
    chunk: async (id, scopes) => source.chunk?.(id, scopes, caller),
  })
  if (taken.kind !== 'moved') throw new Error(`the repo: ${taken.kind}`)
  await to.vault.moved(author)
}

export const ourMerge: Task<'ourMerge'> = async ({ textEdits, fieldEdits }) => {
  const durable = switched()
  const host = await vaultHost('one', durable.wrap)
  const other = await vaultHost('other', durable.wrap)
  const row = await foundSpace(host, { title: 'Garden', name: 'Anna', hidePast: false, relays: [] })
  const founder = await openVault(host, row)
  const joiner = await joined(founder, other, 'Bela')
  const one = await sideOf(host, founder)
  await writeAll(one)
  await hand(one, { host: other, vault: joiner })
  const two = await sideOf(other, joiner)
  const sides = [one, two] as const
  let steps = 0
  for (const [index, side] of sides.entries())
    for (const step of dayOf(index, textEdits / 2, fieldEdits / 2)) {
      await doStep(side, step)
      steps++
    }
  const heard = sides.map(({ vault, notes }) => {
    const work: Promise<void>[] = []
    vault.onChange((change) => void work.push(notes.changed(change)))
    return work
  })
  durable.strict()
  return async () => {
    // At once, as when two devices meet.
    await Promise.all([hand(one, two), hand(two, one)])
    for (const work of heard) await Promise.all(work)
    const [texts, lists] = [
      sides.map(({ doc }) => textOf(doc)),
      sides.map(({ vault }) =>
        JSON.stringify(vault.content.list('task').map(({ id, fields }) => [id, fields])),
      ),
    ]
    if (texts[0] !== texts[1] || lists[0] !== lists[1]) throw new Error('they are not in step')
    return { steps, characters: texts[0]?.length ?? 0 }
  }
}
