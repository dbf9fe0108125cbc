import { CairnError } from '../../core/errors.ts'
import type { CairnHost } from '../host.ts'
import type { Spaces } from '../spaces-api.ts'
import type { OwnSpaces } from './asked.ts'

/**
 * What any context does by itself: what is in a space is asked of the one that has it open, and files are read here.
 * A stream cannot go from tab to tab.
 */
export function ownSpaces({ storage }: CairnHost, asked: () => Spaces): OwnSpaces {
  return {
    async file(space, id) {
      const entity = await asked().entity(space, `file/${id}`)
      if (entity?.kind !== 'file') throw new CairnError('spaces.no-file', { id })
      const { sealed, type = '' } = entity.fields as { sealed?: Uint8Array; type?: string }
      if (sealed === undefined) throw new CairnError('spaces.no-file', { id })
      const { readFile } = await import('./read-file.ts')
      return readFile(storage, space, sealed, type)
    },
    async export(space, options) {
      const { exportSpace } = await import('./export.ts')
      return exportSpace({ storage, spaces: asked() }, space, options)
    },
  }
}
