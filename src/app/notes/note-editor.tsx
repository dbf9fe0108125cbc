import { useEffect, useEffectEvent, useRef, useState } from 'react'
import type { Presence } from '../../cairn/space-model.ts'
import '../styles/notes.css'
import { openEditor, type OpenEditor } from './open-editor.ts'
import { MAX_NOTE } from './room.ts'
import { Toolbar } from './toolbar.tsx'

export interface NoteEditorProps {
  /** everything of the note, as one Yjs update; only the first is read: another note has another `key` */
  readonly state: Uint8Array
  /** client id that the engine gave with the state */
  readonly client: number
  /** name of the note, for the labels of what is here */
  readonly name: string
  readonly readOnly: boolean
  /** others who are in this note */
  readonly presence: readonly Presence[]
  readonly onTyped: (update: Uint8Array) => void
  readonly onCursor: (cursor: Presence['cursor']) => void
  /** Tells what comes from elsewhere from now on; gives what ends that. */
  readonly incoming: (hear: (update: Uint8Array) => void) => () => void
  /** What came cannot be shown in this editor: it has to be made anew, with the state as it is then. */
  readonly onReopen: () => void
}

const REFUSED_FOR = 6_000

/** The text of a note, typed by several at once. */
export function NoteEditor(props: NoteEditorProps) {
  const { name, readOnly, presence, incoming } = props
  const place = useRef<HTMLDivElement>(null)
  const bar = useRef<HTMLDivElement>(null)
  const [opened, setOpened] = useState<OpenEditor>()
  const [isRefused, setIsRefused] = useState(false)

  const tellTyped = useEffectEvent((update: Uint8Array) => props.onTyped(update))
  const tellCursor = useEffectEvent((cursor: Presence['cursor']) => props.onCursor(cursor))
  const tellReopen = useEffectEvent(() => props.onReopen())
  // What a clean-up left: should the effects run again, clocks of this client go on and do not begin anew.
  const kept = useRef<Uint8Array>(undefined)
  // One editor for the life of the component: what it is made with is read once, whom it tells is always the latest.
  const open = useEffectEvent((element: HTMLElement) =>
    openEditor({
      element,
      state: kept.current ?? props.state,
      client: props.client,
      readOnly,
      label: `Text of ${name}`,
      onTyped: (update) => tellTyped(update),
      onCursor: (cursor) => tellCursor(cursor),
      onRefused: () => setIsRefused(true),
      onToolbar: () => bar.current?.querySelector<HTMLElement>('button[tabindex="0"]')?.focus(),
    }),
  )
  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const editor = open(element)
    setOpened(editor)
    return () => {
      setOpened(undefined)
      kept.current = editor.close()
    }
  }, [])
  useEffect(
    () =>
      opened === undefined
        ? undefined
        : incoming((update) => {
            if (!opened.hear(update)) tellReopen()
          }),
    [opened, incoming],
  )
  useEffect(() => opened?.show(presence), [opened, presence])
  useEffect(() => opened?.setReadOnly(readOnly), [opened, readOnly])
  useEffect(() => {
    if (!isRefused) return undefined
    const timer = setTimeout(() => setIsRefused(false), REFUSED_FOR)
    return () => clearTimeout(timer)
  }, [isRefused])

  return (
    <div className="note">
      {opened !== undefined && !readOnly && <Toolbar editor={opened.editor} name={name} bar={bar} />}
      <div ref={place} className="note-place" />
      <p className="note-wrong" role="status">
        {isRefused &&
          `That was not put in: a note holds about ${MAX_NOTE.toLocaleString('en')} characters. Nothing else has changed.`}
      </p>
    </div>
  )
}
