import { FileText, MoreHorizontal } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { Entity, SpaceFileState } from '../../../../cairn/api.ts'
import { Ago } from '../../../components/bits.tsx'
import { Confirm } from '../../../components/confirm.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { downloadBytes } from '../../../lib/download.ts'
import { useAction } from '../../../lib/engine-context.ts'
import { formatBytes } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'
import { HistoryDialog } from '../history.tsx'
import { BytesImage } from '../parts/bytes-image.tsx'
import { ItemTools } from '../parts/item-tools.tsx'
import { Menu } from '../parts/menu.tsx'
import { UnsentPill } from '../parts/unsent-pill.tsx'
import { FileProgress } from './file-progress.tsx'

interface FileRowProps {
  readonly file: Entity<'file'>
  readonly state: SpaceFileState | undefined
  /** its address was opened */
  readonly isOpen: boolean
}

/** One file: what it is, whose, how much of it is here, and what can be done with it. */
export function FileRow({ file, state, isOpen }: FileRowProps) {
  const { space, canWrite, nameOf } = useHere()
  const { name = 'File', size = 0, preview } = file.fields
  const row = useRef<HTMLLIElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const [asking, setAsking] = useState<'delete' | 'history'>()
  const action = useAction()
  const close = () => setAsking(undefined)
  const isHere = state === undefined || state.chunks >= state.of
  const isComing = state?.transfer === 'receiving' || (state?.transfer === 'waiting' && !isHere)
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: 'nearest' })
  }, [isOpen])
  const save = () =>
    void action.run(async (cairn) => {
      if (!isHere) {
        await cairn.spaces.fetchFile(space, file.id)
        const now = (await cairn.spaces.files(space)).find(({ id }) => id === file.id)
        // it was paused
        if (now !== undefined && now.chunks < now.of) return
      }
      downloadBytes(new Blob([await cairn.spaces.file(space, file.id)]), name)
    })
  return (
    <li ref={row} className={isOpen ? 'file is-open' : 'file'} aria-current={isOpen || undefined}>
      <span className="thumb">
        <BytesImage bytes={preview} otherwise={<FileText size={22} aria-hidden="true" />} />
      </span>
      <div className="file-main">
        <bdi className="strong break">{name}</bdi>
        <p className="small">
          <span className="num">{formatBytes(size)}</span> · <bdi>{nameOf(file.changedBy)}</bdi>,{' '}
          <Ago at={file.changedAt} />
          {file.unsent && <UnsentPill since={file.changedAt} />}
        </p>
        {state !== undefined && <FileProgress name={name} size={size} state={state} />}
        {/* a transfer that failed is told by its progress */}
        {action.error !== undefined && asking === undefined && state?.transfer !== 'failed' && (
          <ErrorNote error={action.error} />
        )}
      </div>
      <div className="line file-acts">
        {!isComing && (
          <button type="button" className="btn slim" disabled={action.running} onClick={save}>
            {isHere ? 'Save' : 'Fetch and save'}
            <span className="hidden-text"> {name}</span>
          </button>
        )}
        <Menu label={`More about ${name}`} icon={<MoreHorizontal size={16} />}>
          <ItemTools item={`file/${file.id}`} hidden={file.hidden} run={action.run} />
          {canWrite && (
            <button type="button" onClick={() => picker.current?.click()}>
              Put a new version in its place
            </button>
          )}
          <button type="button" onClick={() => setAsking('history')}>
            Versions
          </button>
          {canWrite && (
            <button type="button" className="danger" onClick={() => setAsking('delete')}>
              Delete
            </button>
          )}
        </Menu>
        <input
          ref={picker}
          type="file"
          hidden
          aria-label={`A new version of ${name}`}
          onChange={(event) => {
            const [chosen] = event.target.files ?? []
            if (chosen !== undefined)
              void action.run((cairn) => cairn.spaces.replaceFile(space, file.id, chosen))
            event.target.value = ''
          }}
        />
      </div>
      {asking === 'history' && <HistoryDialog item={`file/${file.id}`} onClose={close} />}
      {asking === 'delete' && (
        <Confirm
          title={`Delete ${name}?`}
          confirm="Delete"
          busy={action.running}
          error={action.error}
          onClose={close}
          onConfirm={() =>
            void action
              .run((cairn) =>
                cairn.spaces.edit(space, [{ kind: 'file', id: file.id, set: { deleted: true } }]),
              )
              .then((done) => done && close())
          }
        >
          <p>It disappears for everyone. Files that someone saved outside of Cairn stay where they are.</p>
        </Confirm>
      )}
    </li>
  )
}
