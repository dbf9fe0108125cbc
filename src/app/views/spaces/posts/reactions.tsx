import { SmilePlus } from 'lucide-react'
import { useId, useState, type FormEvent } from 'react'
import { ErrorNote } from '../../../components/error-note.tsx'
import { formatNumber } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'
import { MAX_EMOJI } from '../../../spaces/limits.ts'
import { useReact, useReactions } from '../../../spaces/reactions.ts'
import { nameList } from '../../../spaces/sentences.ts'
import { Menu } from '../parts/menu.tsx'

const COMMON: readonly (readonly [emoji: string, name: string])[] = [
  ['👍', 'thumbs up'],
  ['❤️', 'heart'],
  ['😂', 'laughing'],
  ['🎉', 'party'],
  ['😮', 'surprised'],
  ['😢', 'sad'],
  ['🙏', 'thanks'],
  ['✅', 'done'],
]

/** The emoji that an item was given; a press gives one's own or takes it back. */
export function Reactions({ item }: { readonly item: string }) {
  const { space, detail, canWrite, nameOf } = useHere()
  const given = useReactions(space, item)
  const { react, action } = useReact(item)
  if (given.length === 0) return null
  return (
    <>
      {given.map(({ emoji, persons }) => {
        const isMine = persons.includes(detail.person)
        const who = nameList(persons.map((person) => (person === detail.person ? 'you' : nameOf(person))))
        return (
          <button
            key={emoji}
            type="button"
            className="reaction"
            aria-pressed={isMine}
            title={who}
            disabled={!canWrite}
            onClick={() => react(emoji, !isMine)}
          >
            {emoji} <span className="num">{formatNumber(persons.length)}</span>
            <span className="hidden-text"> from {who}</span>
          </button>
        )
      })}
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </>
  )
}

/** A way to give an item an emoji, for those who may write. */
export function ReactButton({ item }: { readonly item: string }) {
  const { canWrite } = useHere()
  const { react, action } = useReact(item)
  if (!canWrite) return null
  return (
    <>
      <Menu label="React" icon={<SmilePlus size={16} />}>
        <div className="emoji-grid">
          {COMMON.map(([emoji, name]) => (
            <button
              key={emoji}
              type="button"
              aria-label={name}
              title={name}
              onClick={() => react(emoji, true)}
            >
              {emoji}
            </button>
          ))}
        </div>
        <OtherEmoji onPick={(emoji) => react(emoji, true)} />
      </Menu>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </>
  )
}

/** Any other, from the system's own keyboard. */
function OtherEmoji({ onPick }: { readonly onPick: (emoji: string) => void }) {
  const id = useId()
  const [text, setText] = useState('')
  const [first] = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text.trim())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (first === undefined) return
    onPick(first.segment)
    setText('')
  }
  return (
    <form className="line add-line" onSubmit={submit}>
      <label htmlFor={id} className="hidden-text">
        Another emoji
      </label>
      <input
        id={id}
        className="input"
        placeholder="Another"
        value={text}
        maxLength={MAX_EMOJI}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="btn slim">
        Give
      </button>
    </form>
  )
}
