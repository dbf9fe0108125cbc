import { FileText } from 'lucide-react'
import { formatBytes } from '../../../lib/format.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { useEntity } from '../../../spaces/reads.ts'
import { BytesImage } from '../parts/bytes-image.tsx'

/** A file beside what it came with: a small picture where there is one, and the way to it. */
export function FileChip({ id }: { readonly id: string }) {
  const { space } = useHere()
  const { value: file } = useEntity(space, 'file', id)
  if (file === null || file?.deleted === true || file?.hidden === true)
    return <span className="file-chip small faint">A file that is no longer here</span>
  const { name = 'File', size } = file?.fields ?? {}
  return (
    <a className="file-chip" href={spaceHref(space, 'files', id)}>
      <BytesImage bytes={file?.fields.preview} otherwise={<FileText size={18} aria-hidden="true" />} />
      <bdi className="clip">{name}</bdi>
      {size !== undefined && <span className="small num faint">{formatBytes(size)}</span>}
    </a>
  )
}
