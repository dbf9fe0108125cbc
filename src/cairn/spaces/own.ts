import { CairnError } from '../../core/errors.ts'
import { createFileChunks } from '../../spaces/files/chunks.ts'
import { openSealedFile } from '../../spaces/files/open.ts'
import { parseSealedFile } from '../../spaces/sealing/file.ts'
import type { CairnHost } from '../host.ts'
import type { Spaces } from '../spaces-api.ts'
import type { OwnSpaces } from './asked.ts'
import { exportSpace } from './export.ts'

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
      return openSealedFile(parseSealedFile(sealed), await createFileChunks(storage, space), type)
    },
    export: (space, options) => exportSpace({ storage, spaces: asked() }, space, options),
  }
}
