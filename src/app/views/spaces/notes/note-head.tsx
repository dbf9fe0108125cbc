import { MoreHorizontal } from 'lucide-react'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { Confirm } from '../../../components/confirm.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useLeaveGuard } from '../../../lib/leave-guard.ts'
import { goTo } from '../../../lib/navigate.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { MAX_TITLE } from '../../../spaces/limits.ts'
import { usePresence } from '../../../spaces/reads.ts'
import { Names } from '../../../spaces/names.tsx'
import { HistoryDialog } from '../history.tsx'
import { ItemTools } from '../parts/item-tools.tsx'
import { Menu } from '../parts/menu.tsx'
import { NoteVersions } from './note-versions.tsx'

/** Stored once the typing rests for this long. */
const REST_MS = 700

/** The title of a note, who else is in it, and what can be done with it. */
export function NoteHead({
  note,
  isStored,
}: {
  readonly note: Entity<'note'>
  /** all that was typed is on the disk */
  readonly isStored: boolean
}) {
  const { space, canWrite, detail, nameOf } = useHere()
  const [asking, setAsking] = useState<'delete' | 'history' | 'versions'>()
  const action = useAction()
  const { value: presence } = usePresence(space)
  const item = `note/${note.id}`
  const here = [
    ...new Set((presence ?? []).filter(({ where }) => where === item).map(({ person }) => person)),
  ]
    .filter((person) => person !== detail.person)
    .map(nameOf)
  const close = () => setAsking(undefined)
  const { title = '' } = note.fields
  return (
    <>
      <div className="note-head">
        {canWrite ? (
          <TitleField key={note.id} id={note.id} title={title} />
        ) : (
          <h2 className="note-title">
            <bdi>{title === '' ? 'Without a title' : title}</bdi>
          </h2>
        )}
        <Menu label="More about this note" icon={<MoreHorizontal size={18} />}>
          <ItemTools item={item} hidden={note.hidden} run={action.run} />
          <button type="button" onClick={() => setAsking('versions')}>
            Versions of the text
          </button>
          <button type="button" onClick={() => setAsking('history')}>
            History of the title
          </button>
          {canWrite && (
            <button type="button" className="danger" onClick={() => setAsking('delete')}>
              Delete
            </button>
          )}
        </Menu>
      </div>
      <p className="small note-state" role="status">
        {here.length > 0 && (
          <>
            <Names names={here} /> {here.length === 1 ? 'is' : 'are'} in this note.{' '}
          </>
        )}
        {isStored ? storedSentence(note.unsent, detail.state === 'member') : 'Saving…'}
      </p>
      {action.error !== undefined && asking === undefined && <ErrorNote error={action.error} />}
      {asking === 'history' && <HistoryDialog item={item} onClose={close} />}
      {asking === 'versions' && <NoteVersions id={note.id} onClose={close} />}
      {asking === 'delete' && (
        <Confirm
          title="Delete this note?"
          confirm="Delete"
          busy={action.running}
          error={action.error}
          onClose={close}
          onConfirm={() =>
            void action
              .run((cairn) =>
                cairn.spaces.edit(space, [{ kind: 'note', id: note.id, set: { deleted: true } }]),
              )
              .then((done) => {
                if (!done) return
                close()
                goTo(spaceHref(space, 'notes'), { replace: true })
              })
          }
        >
          <p>It disappears for everyone, also for those who are writing in it now.</p>
        </Confirm>
      )}
    </>
  )
}

function storedSentence(unsent: boolean, isMember: boolean): string {
  if (!unsent) return 'Saved on this device.'
  return isMember
    ? 'Saved on this device, waits to be sent.'
    : 'Saved on this device. What you wrote last was not sent: you are no longer a member.'
}

function TitleField({ id, title }: { readonly id: string; readonly title: string }) {
  const { space } = useHere()
  const action = useAction()
  const { run } = action
  const [draft, setDraft] = useState<string>()
  const field = useRef<HTMLInputElement>(null)
  /** what was typed here and not stored yet; what others call it meanwhile is not written over for the rest */
  const unsaved = useRef<string>(undefined)
  const save = useCallback(() => {
    const next = unsaved.current
    unsaved.current = undefined
    if (next !== undefined)
      void run((cairn) => cairn.spaces.edit(space, [{ kind: 'note', id, set: { title: next } }]))
  }, [run, space, id])
  useEffect(() => {
    // a new note begins with what it is called
    if (title === '') field.current?.focus()
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  useEffect(() => {
    if (draft === undefined) return undefined
    const timer = setTimeout(save, REST_MS)
    return () => clearTimeout(timer)
  }, [draft, save])
  useEffect(() => {
    if (unsaved.current === undefined) setDraft(undefined)
  }, [title])
  // whoever goes to another screen at once has typed it all the same
  useEffect(() => save, [save])
  useLeaveGuard(draft !== undefined && draft !== title, save)
  return (
    <>
      <input
        ref={field}
        className="note-title"
        aria-label="Title of the note"
        placeholder="Title"
        value={draft ?? title}
        maxLength={MAX_TITLE}
        dir="auto"
        autoComplete="off"
        onChange={({ target }) => {
          unsaved.current = target.value
          setDraft(target.value)
        }}
        onBlur={() => {
          save()
          setDraft(undefined)
        }}
      />
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </>
  )
}
