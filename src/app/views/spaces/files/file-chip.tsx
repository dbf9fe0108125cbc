import { FileText } from 'lucide-react'
import { imageTypeOf } from '../../../../repo/image-type.ts'
import { formatBytes } from '../../../lib/format.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { useEntity } from '../../../spaces/reads.ts'
import { Picture } from './picture.tsx'

/** A file beside what it came with: a picture as one, anything else as its name and the way to it. */
export function FileChip({ id }: { readonly id: string }) {
  const { space } = useHere()
  const { value: file } = useEntity(space, 'file', id)
  if (file === null || file?.deleted === true || file?.hidden === true)
    return <span className="file-chip small faint">A file that is no longer here</span>
  const { name = 'File', size, preview } = file?.fields ?? {}
  if (file !== undefined && preview !== undefined && imageTypeOf(preview) !== undefined)
    return <Picture file={file} preview={preview} />
  return (
    <a className="file-chip" href={spaceHref(space, 'files', id)}>
      <FileText size={18} aria-hidden="true" />
      <bdi className="clip">{name}</bdi>
      {size !== undefined && <span className="small num faint">{formatBytes(size)}</span>}
    </a>
  )
}
