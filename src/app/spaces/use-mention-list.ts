import { useId, useState, type KeyboardEvent, type RefObject, type TextareaHTMLAttributes } from 'react'
import type { SpacePerson } from '../../cairn/api.ts'
import { personName } from './here.ts'
import { matching, mentionAt } from './mentions.ts'

/** A longer list would cover what is being written. */
const MOST = 6

export interface MentionListState {
  readonly id: string
  readonly persons: readonly SpacePerson[]
  readonly active: number
  readonly pick: (person: SpacePerson) => void
  /** true when the key was for the list */
  readonly onKeyDown: (event: KeyboardEvent) => boolean
  /** what the text field tells of its list */
  readonly box: Pick<
    TextareaHTMLAttributes<HTMLTextAreaElement>,
    'aria-autocomplete' | 'aria-controls' | 'aria-activedescendant' | 'onSelect' | 'onBlur'
  >
}

export const optionId = (list: string, index: number): string => `${list}o${index}`

/** The members that an @ in a text field offers. Arrow keys choose, Enter or Tab takes, Escape leaves. */
export function useMentionList(
  persons: readonly SpacePerson[],
  text: string,
  setText: (text: string) => void,
  field: RefObject<HTMLTextAreaElement | null>,
): MentionListState {
  const id = useId()
  const [caret, setCaret] = useState<number>()
  const [left, setLeft] = useState<number>()
  const [active, setActive] = useState(0)
  const start = caret === undefined ? undefined : mentionAt(text, caret)
  const isLeft = start !== undefined && start.at === left
  const found = start === undefined || isLeft ? [] : matching(persons, start.text, MOST)
  // a name that stands there whole needs no list any more
  const [only] = found
  const isWhole = found.length === 1 && only !== undefined && start?.text === personName(only)
  const shown = isWhole ? [] : found
  const at = Math.min(active, Math.max(0, shown.length - 1))

  const pick = (person: SpacePerson) => {
    if (start === undefined) return
    const name = `@${personName(person)} `
    const end = start.at + name.length
    setText(text.slice(0, start.at) + name + text.slice(start.at + 1 + start.text.length))
    setCaret(undefined)
    setActive(0)
    requestAnimationFrame(() => {
      field.current?.focus()
      field.current?.setSelectionRange(end, end)
    })
  }
  const onKeyDown = (event: KeyboardEvent): boolean => {
    const chosen = shown[at]
    if (chosen === undefined) return false
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : shown.length - 1
      setActive((at + step) % shown.length)
    } else if ((event.key === 'Enter' && !event.ctrlKey && !event.metaKey) || event.key === 'Tab')
      pick(chosen)
    else if (event.key === 'Escape') setLeft(start?.at)
    else return false
    event.preventDefault()
    return true
  }
  const isOpen = shown.length > 0
  return {
    id,
    persons: shown,
    active: at,
    pick,
    onKeyDown,
    box: {
      'aria-autocomplete': 'list',
      ...(isOpen ? { 'aria-controls': id, 'aria-activedescendant': optionId(id, at) } : {}),
      onSelect: (event) => {
        const { selectionStart, selectionEnd } = event.currentTarget
        setCaret(selectionStart === selectionEnd ? selectionStart : undefined)
      },
      onBlur: () => setCaret(undefined),
    },
  }
}
