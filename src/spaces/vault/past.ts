import type { VaultParts } from './parts.ts'

/**
 * Whether newcomers may read nothing from before. Who founded the space knows it from then; to all others it is what an
 * admin's epoch says that kept its parents' keys to itself: in such a space nobody comes in before there is one.
 */
export function hidesPast({ row, keyring, log }: VaultParts): boolean {
  if (row().hidePast) return true
  const { history } = log.members
  return keyring
    .known()
    .some(
      ({ parents, maker, members }) =>
        parents.length > 0 &&
        parents.every(({ key }) => key === null) &&
        history.roleAt(maker, members) === 'admin',
    )
}
