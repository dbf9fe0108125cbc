import { joinSpace } from '../../../src/spaces/vault/joining.ts'
import type { VaultHost } from '../../../src/spaces/vault/host.ts'
import type { Vault } from '../../../src/spaces/vault/model.ts'
import { openVault } from '../../../src/spaces/vault/vault.ts'

const MAX_BYTES = 1 << 28
const MAX_HEADS = 1024

/** What one has that the other lacks goes there: operations, cards, and each repo as one list of changes. */
export async function give(from: Vault, to: Vault): Promise<void> {
  const operations = from.log.after([]).flatMap((cid) => from.log.operation(cid) ?? [])
  await to.learn({ operations, cards: [...from.log.cards().values()] })
  for (const { repo, head } of await from.store.heads(`${from.row.space}/`, { limit: MAX_HEADS })) {
    const held = await to.store.head(repo)
    if (held !== undefined && held.rev >= head.rev) continue
    const known = held === undefined ? undefined : { rev: held.rev, commit: held.cid }
    const found = await from.store.since(repo, known, MAX_BYTES)
    if (found === undefined || typeof found === 'string') throw new Error(`no list of ${repo}: ${found}`)
    await to.store.apply(repo, { commit: found.head.commit, changes: found.changes, from: 'bench' })
    await to.moved(repo.slice(repo.lastIndexOf('/') + 1))
  }
}

/** Both ways, until neither has anything new for the other. */
export async function meet(one: Vault, other: Vault): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await give(one, other)
    await give(other, one)
  }
}

/** Brings another in by a link of the founder's; resolves when each knows the other. */
export async function joined(founder: Vault, host: VaultHost, name: string): Promise<Vault> {
  const link = await founder.links.make({
    role: 'writer',
    approval: false,
    expires: null,
    uses: 1,
    relays: [],
  })
  const vault = await openVault(host, await joinSpace(host, link.capability, { name }))
  await meet(founder, vault)
  if (vault.role() !== 'writer') throw new Error(`${name} is ${vault.role()}`)
  return vault
}
