import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `spaces.not-here` | `space`: it is not kept on this device |
 * | `spaces.no-file` | `id` |
 * | `spaces.offline` | what is asked for needs a connection |
 * | `spaces.not-admin` | |
 * | `spaces.link-revoked`, `spaces.link-expired`, `spaces.link-used-up` | |
 * | `spaces.link-unknown` | no relay that could be reached keeps it |
 * | `spaces.recovery-words` | the words are not those that were shown |
 * | `spaces.recovery-gone` | a file can be made only while the words are at hand |
 * | `spaces.recovery-unknown` | no relay that answered keeps a list for these words |
 * | `spaces.recovery-refused` | `space`: the recovery was removed from it |
 * | `spaces.account` | `did`: nothing of the account's repo could be proven |
 */
export const spaceNotFound = (space: string): CairnError => new CairnError('spaces.not-here', { space })
