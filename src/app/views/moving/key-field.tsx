import { useId } from 'react'

/** More is no key file, bytes. */
const MAX_FILE = 4000

interface KeyFieldProps {
  readonly value: string
  readonly onChange: (text: string) => void
}

/** A recovery key: its file, or its 24 words. */
export function KeyField({ value, onChange }: KeyFieldProps) {
  const id = useId()
  const isFile = value.trimStart().startsWith('{')
  const take = async (file: File | undefined) => {
    if (file !== undefined) onChange(await file.slice(0, MAX_FILE).text())
  }
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}w`}>Your recovery key, 24 words</label>
        <textarea
          id={`${id}w`}
          className="input mono"
          rows={3}
          value={isFile ? '' : value}
          onChange={(event) => onChange(event.target.value)}
          aria-describedby={`${id}h`}
          autoCapitalize="none"
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          dir="ltr"
        />
        <span id={`${id}h`} className="small">
          It stays in this tab’s memory, and is not kept.
        </span>
      </div>
      <div className="field">
        <label htmlFor={`${id}f`}>Or its file</label>
        <input
          id={`${id}f`}
          type="file"
          accept=".json,application/json"
          onChange={(event) => void take(event.target.files?.[0])}
        />
        {isFile && (
          <span className="small" role="status">
            The file was read.
          </span>
        )}
      </div>
    </>
  )
}
