import { Check, Copy } from 'lucide-react'
import { useId, useState } from 'react'

interface CopyFieldProps {
  readonly value: string
  readonly label: string
}

/** Something to be copied whole; selected, where the browser does not let a page copy. */
export function CopyField({ value, label }: CopyFieldProps) {
  const [state, setState] = useState<'copied' | 'refused'>()
  const id = useId()
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => setState('copied'),
      () => {
        const field = document.getElementById(id)
        if (field instanceof HTMLInputElement) field.select()
        setState('refused')
      },
    )
  }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="line add-line">
        <input
          id={id}
          className="input mono"
          value={value}
          readOnly
          dir="ltr"
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className="btn" onClick={copy}>
          {state === 'copied' ? <Check size={16} /> : <Copy size={16} />}
          {state === 'copied' ? 'Copied' : 'Copy'}
        </button>
      </div>
      <span className="small" role="status">
        {state === 'copied'
          ? 'It is in the clipboard.'
          : state === 'refused'
            ? 'The browser does not let Cairn copy. It is selected: copy it yourself.'
            : ''}
      </span>
    </div>
  )
}
