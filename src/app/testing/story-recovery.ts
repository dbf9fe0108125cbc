import type { CairnEvent, RecoveryState, Spaces } from '../../cairn/api.ts'
import { CairnError } from '../../core/errors.ts'
import { NOW } from './story-data.ts'
import type { Note } from './story-network.ts'
import { PREVIEW, SUMMARY } from './story-space-data.ts'

export const WORDS = 'legal winner thank year wave sausage worth useful legal winner thank yellow'

/** How the spaces of a story are opened again. */
export function storyRecovery(
  note: Note,
  emit: (event: CairnEvent) => void,
  story: Partial<RecoveryState> = {},
): Pick<Spaces, 'recovery' | 'makeRecovery' | 'confirmRecovery' | 'recoveryFile' | 'recover'> {
  let recovery: RecoveryState = {
    confirmedAt: undefined,
    spaces: 2,
    byOther: false,
    isDue: true,
    isListed: true,
    ...story,
  }
  return {
    recovery: async () => recovery,
    makeRecovery: async () => ({ words: WORDS }),
    confirmRecovery: async (words) => {
      await note('confirmRecovery', undefined)(words)
      if (words !== WORDS) throw new CairnError('keys.words', { reason: 'checksum' })
      recovery = { ...recovery, confirmedAt: NOW, isDue: false }
      emit({ type: 'spaces' })
    },
    recoveryFile: async (passphrase) => {
      await note('recoveryFile', undefined)(passphrase === undefined ? 'open' : 'sealed')
      return new Blob([PREVIEW])
    },
    recover: async (_from, name) => {
      await note('recover', undefined)(name)
      return [{ space: SUMMARY.space, title: SUMMARY.title, summary: SUMMARY, error: undefined }]
    },
  }
}
