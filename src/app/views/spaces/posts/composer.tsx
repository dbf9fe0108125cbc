import { Paperclip, X } from 'lucide-react'
import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useLeaveGuard } from '../../../lib/leave-guard.ts'
import { useDraft } from '../../../spaces/drafts.ts'
import { useHere } from '../../../spaces/here.ts'
import { newId } from '../../../spaces/ids.ts'
import { MAX_TEXT } from '../../../spaces/limits.ts'
import { mentioned } from '../../../spaces/mentions.ts'
import { useMentionList } from '../../../spaces/use-mention-list.ts'
import { useTyping } from '../../../spaces/use-where.ts'
import '../../../styles/spaces-posts.css'
import { MentionList } from './mention-list.tsx'

interface ComposerProps {
  /** what the draft is kept under, and where the others see one writing */
  readonly place: string
  /** `{kind}/{id}` that it answers */
  readonly parent?: string
  readonly placeholder: string
  readonly focusNow?: boolean
  readonly onDone?: () => void
}

interface Attached {
  readonly id: string
  readonly name: string
}

/** Writes a post or a reply. It is durable on this device when it leaves the box; no network is waited for. */
export function Composer({ place, parent, placeholder, focusNow = false, onDone }: ComposerProps) {
  const { space, detail } = useHere()
  const [text, setText] = useDraft(`${space} ${place}`)
  const [files, setFiles] = useState<readonly Attached[]>([])
  const box = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const hint = useId()
  const mentions = useMentionList(detail.persons, text, setText, box)
  const typing = useTyping(space, place)
  const action = useAction()
  const empty = text.trim() === '' && files.length === 0
  useLeaveGuard(text.trim() !== '')
  useEffect(() => {
    // the person has just asked to answer
    if (focusNow) box.current?.focus()
  }, [focusNow])

  const send = async (event?: FormEvent) => {
    event?.preventDefault()
    if (empty || action.running) return
    const said = text.trim()
    const named = mentioned(said, detail.persons)
    const set = {
      ...(said === '' ? {} : { text: said }),
      ...(parent === undefined ? {} : { parent }),
      ...(files.length === 0 ? {} : { files: files.map(({ id }) => `file/${id}`) }),
      ...(named.length === 0 ? {} : { mentions: named }),
    }
    const done = await action.run((cairn) =>
      cairn.spaces.edit(space, [{ kind: 'post', id: newId('post', detail.person), set }]),
    )
    if (!done) return
    typing.stop()
    // what was typed while it was stored is of the next one
    const now = box.current?.value ?? text
    setText(now.startsWith(text) ? now.slice(text.length) : now)
    setFiles([])
    if (onDone === undefined) box.current?.focus()
    else onDone()
  }
  const attach = async (chosen: readonly File[]) => {
    for (const file of chosen) {
      await action.run(async (cairn) => {
        const id = await cairn.spaces.addFile(space, file, file.name)
        setFiles((before) => [...before, { id, name: file.name }])
      })
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // the list of posts around it has uses of its own for these keys
    event.stopPropagation()
    if (mentions.onKeyDown(event)) return
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send()
    if (event.key === 'Escape' && onDone !== undefined) onDone()
  }

  return (
    <form
      className={parent === undefined ? 'card composer' : 'composer reply-box'}
      onSubmit={(event) => void send(event)}
    >
      <textarea
        ref={box}
        rows={parent === undefined ? 2 : 1}
        aria-label={placeholder}
        aria-describedby={hint}
        placeholder={placeholder}
        value={text}
        maxLength={MAX_TEXT}
        dir="auto"
        onChange={(event) => {
          setText(event.target.value)
          typing.type()
        }}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const pasted = [...event.clipboardData.files]
          if (pasted.length === 0) return
          event.preventDefault()
          void attach(pasted)
        }}
        {...mentions.box}
      />
      <MentionList list={mentions} />
      {files.length > 0 && (
        <ul className="attached" aria-label="Files to send">
          {files.map(({ id, name }) => (
            <li key={id} className="pill quiet">
              <bdi className="clip">{name}</bdi>
              <button
                type="button"
                className="icon-btn small-icon"
                aria-label={`Leave out ${name}`}
                onClick={() => setFiles((before) => before.filter((each) => each.id !== id))}
              >
                <X size={12} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="line composer-foot">
        <input
          ref={picker}
          type="file"
          hidden
          multiple
          aria-label="Files to send"
          onChange={(event) => {
            void attach([...(event.target.files ?? [])])
            // the same file may be chosen again
            event.target.value = ''
          }}
        />
        <button
          type="button"
          className="icon-btn"
          aria-label="Add files"
          disabled={action.running}
          onClick={() => picker.current?.click()}
        >
          <Paperclip size={18} />
        </button>
        <span id={hint} className="small faint composer-hint">
          @ names someone. Ctrl and Enter send.
        </span>
        {onDone !== undefined && (
          <button type="button" className="btn slim plain push" onClick={onDone}>
            Cancel
          </button>
        )}
        <button
          type="submit"
          className={onDone === undefined ? 'btn go push' : 'btn slim go'}
          disabled={empty || action.running}
        >
          {parent === undefined ? 'Post' : 'Reply'}
        </button>
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </form>
  )
}
