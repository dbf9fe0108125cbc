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
 */
export const spaceNotFound = (space: string): CairnError => new CairnError('spaces.not-here', { space })
