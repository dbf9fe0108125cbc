import { utf8 } from '../../core/bytes.ts'
import { formatSpaceRepo } from '../../repo/space/uri.ts'
import type { SentHead } from '../../spaces/vault/identity.ts'
import type { Ignored, Vault } from '../../spaces/vault/model.ts'
import { isMadeHere } from '../../spaces/vault/own-commit.ts'
import type { OfferedHead } from '../../sync/spaces/model.ts'
import { quietly, type SpacesContext } from './parts.ts'

/** A new identity on nobody's signature but a peer's word is taken no more often than this, ms. */
const ON_A_WORD = 24 * 60 * 60_000
/** Under what name it is kept among a space's secrets when that was last. */
const LAST = 'cloned-at'

/** Finds out that this profile was copied: both copies write to one repo, and each would take the other's work away. */
export interface Clones {
  ignored(what: Ignored): void
  /** Resolves when it is settled whether this device may go on as it is. */
  offered(heads: ReadonlyMap<string, OfferedHead>): Promise<void>
}

export function createClones(
  { host, log, vaults }: Pick<SpacesContext, 'host' | 'log' | 'vaults'>,
  vault: Vault,
  options: {
    readonly sentHead: () => Promise<SentHead | undefined>
    /** what is still in memory is of the former identity too */
    readonly store: () => Promise<void>
    readonly reopen: () => Promise<void>
  },
): Clones {
  const { storage, clock } = host
  const { space } = vault.row
  const { keys } = vaults
  let adopting: Promise<void> | undefined

  const adopt = async (sent: SentHead | 'nothing' | undefined): Promise<void> => {
    const former = vault.device().id
    // What cannot be stored now keeps nobody from it.
    await options.store().catch(() => {})
    await vault.adoptNewIdentity(sent)
    const { title } = vault.row
    const fields = { space, title, former, device: vault.device().id }
    await log.note({ did: undefined, kind: 'space.cloned', fields, level: 'warning' })
    // Not waited for: the sync that told of it is closed with it.
    quietly(options.reopen())
  }
  const adoptOnce = (sent: () => Promise<SentHead | 'nothing' | undefined>): Promise<void> => {
    adopting ??= sent()
      .then(adopt)
      .catch((error: unknown) => {
        adopting = undefined
        throw error
      })
    return adopting
  }
  /** A peer's word is no proof: one that lies is not to make a new device each time it is asked. */
  const mayOnAWord = async (): Promise<boolean> => {
    const kept = await keys.secret(space, LAST)
    const before = kept === undefined ? Number.NEGATIVE_INFINITY : Number(new TextDecoder().decode(kept))
    const now = clock.now()
    if (Math.abs(now - before) < ON_A_WORD) return false
    await keys.keepSecret(space, LAST, utf8(String(now)))
    return true
  }

  return {
    ignored({ code }) {
      // Signed by this device's key, and not made here. From where the copies parted, the newer one took the place of all
      // that this one had handed over: so all of it is written again.
      if (code === 'spaces.cloned') quietly(adoptOnce(async () => 'nothing'))
    },
    async offered(heads) {
      if (adopting !== undefined) return adopting
      const author = vault.device().id
      const repo = formatSpaceRepo({ space, author })
      const there = heads.get(author)
      const own = await vault.store.head(repo)
      // A newer one is fetched next, and then it is proven.
      if (there === undefined || own === undefined || there.rev >= own.rev) return
      if (await isMadeHere(storage, repo, { rev: there.rev, cid: there.commit })) return
      // An older one is not: what is here would take its place, and with it what the other copy has handed over.
      if (await mayOnAWord()) await adoptOnce(options.sentHead)
    },
  }
}
