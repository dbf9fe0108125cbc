import type { ReactNode } from 'react'
import { wordsFor } from '../words.ts'

interface ErrorNoteProps {
  readonly error: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> }
  /** buttons that do what the sentence suggests */
  readonly children?: ReactNode
}

/** What happened, what is safe, what to do next; and the code, small, for whoever is asked for help. */
export function ErrorNote({ error, children }: ErrorNoteProps) {
  const words = wordsFor(error.code, error.fields)
  return (
    <div className="note bad" role="alert">
      <p className="strong">{words.title}</p>
      <p>
        {words.safe} {words.next}
      </p>
      {children !== undefined && <div className="line">{children}</div>}
      <p className="small mono">{error.code}</p>
    </div>
  )
}
