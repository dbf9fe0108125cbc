import { CairnError } from '../../core/errors.ts'
import type { Storage } from '../../storage/port.ts'
import type { ExportFile } from '../model.ts'
import type { Spaces } from '../space-model.ts'

export function exportSpace(
  _from: { readonly storage: Storage; readonly spaces: Spaces },
  space: string,
  _options: { readonly passphrase?: string } | undefined,
): Promise<ExportFile> {
  return Promise.reject(new CairnError('spaces.not-here', { space }))
}
