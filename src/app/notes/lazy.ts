import { lazy } from 'react'

/** The editor of notes, loaded when a note is shown. */
export const LazyNoteEditor = lazy(async () => ({
  default: (await import('./note-editor.tsx')).NoteEditor,
}))
