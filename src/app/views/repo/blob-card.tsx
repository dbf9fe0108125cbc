import { useState } from 'react'
import type { BlobItem } from '../../../cairn/api.ts'
import { Id } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { useBlobImage } from '../../lib/blob-image.ts'
import { downloadBlob } from '../../lib/download.ts'
import { formatBytes } from '../../lib/format.ts'
import { recordHref } from '../../lib/routes.ts'

export const BLOB_STATE: Readonly<
  Record<BlobItem['state'], { readonly words: string; readonly pill: string }>
> = {
  kept: { words: 'kept', pill: 'pill' },
  wanted: { words: 'to be fetched', pill: 'pill quiet' },
  missing: { words: 'not on its server', pill: 'pill behind' },
  skipped: { words: 'skipped', pill: 'pill quiet' },
  failed: { words: 'refused', pill: 'pill bad' },
}

interface BlobCardProps {
  readonly did: string
  readonly blob: BlobItem
}

/** One blob. Images are shown; everything else is a file to take, never opened in the page. */
export function BlobCard({ did, blob }: BlobCardProps) {
  const action = useAction()
  const [broken, setBroken] = useState(false)
  const url = useBlobImage(did, blob.state === 'kept' && blob.imageType !== undefined ? blob.cid : undefined)
  const state = BLOB_STATE[blob.state]
  const [path] = blob.paths
  return (
    <article className="card blob">
      <div className="blob-picture">
        {url !== undefined && !broken ? (
          <img src={url} alt={`Blob ${blob.cid.slice(-6)}`} onError={() => setBroken(true)} />
        ) : (
          <span className="small faint">{broken ? 'The browser cannot show it' : kindOf(blob)}</span>
        )}
      </div>
      <div className="blob-words">
        <div className="line">
          <span className={state.pill}>{state.words}</span>
          <span className="small num">{blob.bytes === undefined ? '' : formatBytes(blob.bytes)}</span>
        </div>
        <Id value={blob.cid} what="CID of the blob" />
        <div className="small clip">
          {path === undefined ? (
            'no record refers to it'
          ) : (
            <a href={recordHref(did, path)}>
              {blob.paths.length === 1 ? 'in one record' : `in ${blob.paths.length} records`}
            </a>
          )}
        </div>
        <div className="line">
          {blob.state === 'kept' ? (
            <button
              type="button"
              className="btn slim"
              disabled={action.running}
              onClick={() =>
                void action.run((cairn) =>
                  downloadBlob(cairn, did, blob.cid, blob.imageType ?? blob.declaredType),
                )
              }
            >
              Download<span className="hidden-text"> blob {blob.cid.slice(-6)}</span>
            </button>
          ) : (
            <button
              type="button"
              className="btn slim"
              disabled={action.running}
              onClick={() =>
                void action.run((cairn) => cairn.library.skipBlob(did, blob.cid, blob.state !== 'skipped'))
              }
            >
              {blob.state === 'skipped' ? 'Fetch it after all' : 'Skip'}
              <span className="hidden-text"> blob {blob.cid.slice(-6)}</span>
            </button>
          )}
        </div>
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </div>
    </article>
  )
}

function kindOf(blob: BlobItem): string {
  const type = blob.imageType ?? blob.declaredType
  return type === undefined ? 'Unknown kind' : type.slice(0, 60)
}
