import type { Draft } from '../../../cairn/api.ts'
import { TONE_CLASS } from '../../lib/repo-status.ts'
import { draftState } from '../../words/draft-states.ts'

/** How it stands with a draft, in a few words. */
export function DraftPill({ draft }: { readonly draft: Draft }) {
  const { tone, short } = draftState(draft)
  return <span className={TONE_CLASS[tone]}>{short}</span>
}
