import { currentEpoch } from './epoch-choice.ts'
import type { Vault } from './model.ts'
import type { VaultParts } from './parts.ts'

/**
 * The epochs that open here, the one in use first. Each key that is typed asks for them twice, here and at those who
 * hear it, so they are worked out anew only when members, keys or this device are others than before.
 */
export function createOpenEpochs(parts: VaultParts): Vault['epochs'] {
  const { log, keyring } = parts
  let known: { readonly basis: readonly unknown[]; readonly epochs: ReturnType<Vault['epochs']> } | undefined

  function find(): ReturnType<Vault['epochs']> {
    const current = parts.role() === 'none' ? undefined : currentEpoch(parts)
    const all = keyring.newestFirst()
    const sorted = current === undefined ? all : [current, ...all.filter((it) => it !== current)]
    const opened = sorted.map(({ info, key }) => ({ name: info.name, key }))
    // Who comes with a key finds the others by it, before the epoch itself is here.
    return opened.length > 0 ? opened : keyring.told()
  }

  return () => {
    // The state is the same object until an operation enters.
    const basis = [log.members.state(), keyring.turn, parts.device().id]
    if (known === undefined || basis.some((it, index) => it !== known?.basis[index]))
      known = { basis, epochs: find() }
    return known.epochs
  }
}
