import { useState } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { formatBytes } from '../../../lib/format.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { useFileStates } from '../../../spaces/reads.ts'
import { usePicture } from '../../../spaces/use-picture.ts'
import { BytesImage } from '../parts/bytes-image.tsx'
import { FileProgress } from './file-progress.tsx'

interface PictureProps {
  readonly file: Entity<'file'>
  /** a small one, which came with the post */
  readonly preview: Uint8Array
}

/** A picture beside what it came with. A press opens all of it. */
export function Picture({ file, preview }: PictureProps) {
  const [open, setOpen] = useState(false)
  const { name = 'Picture' } = file.fields
  return (
    <>
      <button type="button" className="picture" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <BytesImage bytes={preview} alt={name} otherwise={name} />
        <span className="hidden-text">. Open it</span>
      </button>
      {open && <WholePicture file={file} preview={preview} onClose={() => setOpen(false)} />}
    </>
  )
}

function WholePicture({ file, preview, onClose }: PictureProps & { readonly onClose: () => void }) {
  const { space } = useHere()
  const { url, undrawable, error } = usePicture(space, file.id)
  const { value: states } = useFileStates(space)
  const { name = 'Picture', size = 0 } = file.fields
  const state = states?.find(({ id }) => id === file.id)
  return (
    <Dialog title={name} onClose={onClose}>
      <div className="stack-tight whole-picture">
        {url === undefined ? (
          <BytesImage bytes={preview} alt={name} otherwise={name} />
        ) : (
          <img src={url} alt={name} />
        )}
        <p className="small" role="status">
          {undrawable
            ? 'This is the small picture that came along. The file itself cannot be shown here; save it under Files.'
            : url === undefined && error === undefined
              ? 'This is the small picture that came along. The whole one is being fetched.'
              : formatBytes(size)}
        </p>
        {url === undefined && state !== undefined && error === undefined && (
          <FileProgress name={name} size={size} state={state} />
        )}
        {error !== undefined && <ErrorNote error={error} />}
        <div className="line">
          <a className="btn" href={spaceHref(space, 'files', file.id)}>
            Show it in Files
          </a>
          <button type="button" className="btn" onClick={closeDialog}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}
