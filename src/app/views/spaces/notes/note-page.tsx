import { Suspense, useCallback, useEffect, useMemo } from 'react'
import type { Presence, TypedText } from '../../../../cairn/api.ts'
import { hasCode } from '../../../../core/errors.ts'
import { Empty, Loading } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction, useEngine } from '../../../lib/engine-context.ts'
import { useLeaveGuard } from '../../../lib/leave-guard.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { useEntity, usePresence } from '../../../spaces/reads.ts'
import { useMarkSeen } from '../../../spaces/use-mark-seen.ts'
import { useNote } from '../../../spaces/use-note.ts'
import { useTyped } from '../../../spaces/use-typed.ts'
import '../../../styles/spaces-notes.css'
import { LazyNoteEditor } from '../../../notes/lazy.ts'
import { NoteHead } from './note-head.tsx'

/** One note: its title, its text that several write at once, and who else is in it. */
export function NotePage({ id }: { readonly id: string }) {
  const { space, isAdmin } = useHere()
  const { value: note, error } = useEntity(space, 'note', id)
  useMarkSeen(`note/${id}`, note === null || note === undefined ? undefined : [note])
  const { isStored, typed, store, forget } = useTyped(space, id)
  // what could not be stored is told by the next key
  const storeNow = useCallback(() => void store().catch(() => {}), [store])
  useLeaveGuard(!isStored, storeNow)
  const back = (
    <p className="back">
      <a href={spaceHref(space, 'notes')}>All notes</a>
    </p>
  )
  if (error !== undefined && note === undefined) return <ErrorNote error={error} />
  if (note === undefined) return <Loading label="Opening the note" />
  if (note === null || note.deleted || (note.hidden && !isAdmin)) {
    return (
      <>
        {back}
        <div className="card">
          <Empty title="This note is not here">
            It was deleted, an admin hid it, or it has not reached this device yet.
          </Empty>
        </div>
      </>
    )
  }
  return (
    <>
      {back}
      <article className="note-page">
        <NoteHead note={note} isStored={isStored} />
        <NoteText id={id} title={note.fields.title ?? ''} typed={typed} storeNow={storeNow} forget={forget} />
      </article>
    </>
  )
}

/**
 * The text. What is typed is stored by the engine within half a second, and all of it when one goes to another screen.
 * An engine ends with its page, so the browser asks whoever closes that sooner.
 */
function NoteText({
  id,
  title,
  typed,
  storeNow,
  forget,
}: {
  readonly id: string
  readonly title: string
  readonly typed: (it: TypedText) => void
  readonly storeNow: () => void
  readonly forget: () => void
}) {
  const { space, detail, canWrite } = useHere()
  const { cairn } = useEngine()
  const action = useAction()
  const { run } = action
  const { opened, error, incoming, reopen } = useNote(space, id)
  const { value: presence } = usePresence(space)
  const others = useMemo(
    () => (presence ?? []).filter(({ where, device }) => where === `note/${id}` && device !== detail.device),
    [presence, id, detail.device],
  )
  const salt = opened?.salt
  const onTyped = useCallback(
    (update: Uint8Array) => {
      // an editor is there once the note was opened
      if (salt === undefined) return
      typed({ update, salt })
      void run((engine) =>
        engine.spaces.typeNote(space, id, update, salt).catch((cause: unknown) => {
          // This device has become another since (its profile was copied): nothing under this client is taken any more.
          if (hasCode(cause, 'text.foreign')) {
            forget()
            reopen()
          }
          throw cause
        }),
      )
    },
    [run, space, id, typed, salt, forget, reopen],
  )
  const onCursor = useCallback(
    (cursor: Presence['cursor']) => {
      // presence is a courtesy: without a network there is nobody to tell
      cairn?.spaces
        .setPresence(space, { where: `note/${id}`, ...(cursor === undefined ? {} : { cursor }) })
        .catch(() => {})
    },
    [cairn, space, id],
  )
  useEffect(() => {
    if (!canWrite) return
    document.addEventListener('visibilitychange', storeNow)
    return () => {
      document.removeEventListener('visibilitychange', storeNow)
      storeNow()
    }
  }, [canWrite, storeNow])
  if (error !== undefined) return <ErrorNote error={error} />
  if (opened === undefined) return <Loading label="Opening the note" />
  return (
    <>
      {action.error !== undefined && <ErrorNote error={action.error} />}
      <Suspense fallback={<Loading label="Opening the editor" />}>
        <LazyNoteEditor
          key={opened.turn}
          state={opened.state}
          client={opened.client}
          name={title === '' ? 'this note' : title}
          readOnly={!canWrite}
          presence={others}
          onTyped={onTyped}
          onCursor={onCursor}
          incoming={incoming}
          onReopen={reopen}
        />
      </Suspense>
    </>
  )
}
