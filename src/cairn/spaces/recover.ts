import { CairnError } from '../../core/errors.ts'
import type { Spaces, SpaceSummary } from '../space-model.ts'
import type { OpenSpaces } from './service.ts'

/** Opens the spaces of a recovery on this device. */
export async function recoverSpaces(
  _spaces: OpenSpaces,
  _from: Parameters<Spaces['recover']>[0],
  _name: string,
): Promise<readonly SpaceSummary[]> {
  throw new CairnError('spaces.offline')
}
