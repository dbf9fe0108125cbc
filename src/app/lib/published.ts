import type { PublishedAgreement, PublishedConsent } from '../../cairn/api.ts'
import { useLive, type Live } from './live.ts'

/** What is published between our accounts and others. */
export function usePublished(): Live<readonly PublishedAgreement[]> {
  return useLive(
    'published',
    (cairn) => cairn.network.published(),
    (event) => event.type === 'agreements' || event.type === 'network' || event.type === 'accounts',
  )
}

/** Whether an account of ours lets anyone keep a copy. */
export function useConsent(did: string): Live<PublishedConsent> {
  return useLive(
    `consent ${did}`,
    (cairn) => cairn.network.consent(did),
    (event) => event.type === 'agreements',
  )
}
