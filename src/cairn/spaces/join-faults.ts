import { CairnError } from '../../core/errors.ts'
import { linkState } from '../../spaces/links/accept.ts'
import type { Vault } from '../../spaces/vault/model.ts'

/**
 * Why the members let this device in by no link any more; undefined where its join counts or waits. A closing says what
 * ended the link. Codes: `spaces.link-expired`, `spaces.link-used-up`, `spaces.link-revoked`, `spaces.link-refused`.
 */
export function joinError(vault: Vault, now: number): CairnError | undefined {
  const fault = vault.joinFault()
  if (fault === undefined) return undefined
  const codes: Readonly<Record<string, string>> = {
    expired: 'spaces.link-expired',
    surplus: 'spaces.link-used-up',
    closed: `spaces.link-${endOf(vault, now) ?? 'revoked'}`,
  }
  return new CairnError(codes[fault] ?? 'spaces.link-refused', { fault })
}

/** How the link has ended whose join of ours counts for nothing. */
function endOf(vault: Vault, now: number): string | undefined {
  const own = vault
    .state()
    .links.find(({ ignored }) => ignored.some(({ device }) => device === vault.device().id))
  if (own === undefined) return undefined
  const state = linkState(own.record, own.joins.length, own.closings, now)
  return state === 'live' ? undefined : state
}
