import type { Editor } from '@tiptap/core'
import { useCallback, useState, useSyncExternalStore, type KeyboardEvent, type RefObject } from 'react'
import { type NoteAction, NOTE_ACTIONS, readActions } from './actions.ts'
import { LinkForm } from './link-form.tsx'

interface ToolbarProps {
  readonly editor: Editor
  /** name of the note */
  readonly name: string
  readonly bar: RefObject<HTMLDivElement | null>
}

/**
 * What can be done with the selected words. One stop of Tab; arrows, Home and End walk it, Escape goes back to the
 * text, and Alt+F10 leads here from there.
 */
export function Toolbar({ editor, name, bar }: ToolbarProps) {
  const subscribe = useCallback(
    (changed: () => void) => {
      editor.on('transaction', changed)
      return () => {
        editor.off('transaction', changed)
      }
    },
    [editor],
  )
  const state = new Set(useSyncExternalStore(subscribe, () => readActions(editor)).split(' '))
  const [stop, setStop] = useState('bold')
  const [isLinking, setIsLinking] = useState(false)

  const walk = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === 'Escape') {
      editor.commands.focus()
      return
    }
    const buttons = [...event.currentTarget.querySelectorAll('button')]
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    const forward = getComputedStyle(event.currentTarget).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
    const back = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft'
    const steps: Readonly<Record<string, number>> = {
      [forward]: at + 1,
      [back]: at - 1,
      Home: 0,
      End: buttons.length - 1,
    }
    const to = steps[event.key]
    if (to === undefined) return
    event.preventDefault()
    buttons[(to + buttons.length) % buttons.length]?.focus()
  }
  const run = (action: NoteAction) => {
    if (action.name === 'link') setIsLinking(true)
    else if (state.has(`can:${action.name}`)) action.run(editor)
  }

  return (
    <>
      <div
        ref={bar}
        className="note-bar"
        role="toolbar"
        aria-label={`Format ${name}`}
        aria-orientation="horizontal"
        tabIndex={-1}
        onKeyDown={walk}
      >
        {NOTE_ACTIONS.map((group) => (
          <div key={group[0]?.name} className="note-group" role="group">
            {group.map((action) => {
              const { icon: Icon } = action
              const isOn = state.has(`on:${action.name}`)
              return (
                <button
                  key={action.name}
                  type="button"
                  className="icon-btn"
                  tabIndex={stop === action.name ? 0 : -1}
                  title={
                    action.keys === undefined ? action.label : `${action.label} (${keysText(action.keys)})`
                  }
                  aria-label={action.label}
                  aria-keyshortcuts={action.keys}
                  aria-pressed={action.isOn === undefined ? undefined : isOn}
                  aria-disabled={!state.has(`can:${action.name}`)}
                  onFocus={() => setStop(action.name)}
                  // The selection stays in the text.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => run(action)}
                >
                  <Icon size={17} aria-hidden />
                </button>
              )
            })}
          </div>
        ))}
      </div>
      {isLinking && <LinkForm editor={editor} onDone={() => setIsLinking(false)} />}
    </>
  )
}

const keysText = (keys: string): string => keys.replace('Control', 'Ctrl')
