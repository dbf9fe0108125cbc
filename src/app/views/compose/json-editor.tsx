import { useId, useState, type FormEvent } from 'react'
import type { Draft, RecordCheck } from '../../../cairn/api.ts'
import { CairnError } from '../../../core/errors.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatBytes } from '../../lib/format.ts'

interface JsonEditorProps {
  readonly did: string
  /** undefined: a new record */
  readonly path?: string
  readonly value?: unknown
  /** CID of the version that is edited, when it is a record's */
  readonly base?: string | undefined
  readonly onDone: (draft: Draft | undefined) => void
}

const EMPTY = '{\n  \n}'

/** Any record as JSON, held against its lexicon where that is known. Fields that nobody here knows stay. */
export function JsonEditor({ did, path, value, base, onDone }: JsonEditorProps) {
  const [wasCollection = '', wasKey = ''] = path?.split('/') ?? []
  const [collection, setCollection] = useState(wasCollection)
  const [rkey, setRkey] = useState(wasKey)
  const [text, setText] = useState(() => (value === undefined ? EMPTY : JSON.stringify(value, null, 2)))
  const [check, setCheck] = useState<{ of: string; result: RecordCheck }>()
  const action = useAction()
  const id = useId()
  const isNew = path === undefined
  const asked = `${collection}/${rkey} ${text}`
  const result = check?.of === asked ? check.result : undefined

  const run = (save: boolean) =>
    action.run(async (cairn) => {
      const parsed = parse(text)
      if (!save || (result === undefined && isNew)) {
        // a new record gets its key when it is kept; what is checked here has one of the same form
        const key = rkey === '' ? 'self' : rkey
        const found = await cairn.writing.check(collection.trim(), key, parsed)
        setCheck({ of: asked, result: found })
        if (!save || found.verdict === 'unsound') return
      } else if (result === undefined) {
        const found = await cairn.writing.check(collection, rkey, parsed)
        setCheck({ of: asked, result: found })
        if (found.verdict === 'unsound') return
      }
      const draft = await cairn.writing.save({
        did,
        collection: collection.trim(),
        ...(rkey.trim() === '' ? {} : { rkey: rkey.trim() }),
        value: parsed,
        ...(base === undefined ? {} : { base }),
      })
      onDone(draft)
    })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run(true)
  }

  return (
    <form className="card post-composer" onSubmit={submit} aria-label={isNew ? 'New record' : 'Edit record'}>
      {isNew && (
        <div className="two-fields">
          <div className="field">
            <label htmlFor={`${id}c`}>Collection</label>
            <input
              id={`${id}c`}
              className="input mono"
              value={collection}
              required
              spellCheck={false}
              autoCapitalize="none"
              dir="ltr"
              placeholder="com.example.note"
              onChange={(event) => setCollection(event.target.value)}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}k`}>Key, empty for a new one</label>
            <input
              id={`${id}k`}
              className="input mono"
              value={rkey}
              spellCheck={false}
              autoCapitalize="none"
              dir="ltr"
              onChange={(event) => setRkey(event.target.value)}
            />
          </div>
        </div>
      )}
      <div className="field">
        <label htmlFor={`${id}j`}>Record as JSON</label>
        <textarea
          id={`${id}j`}
          className="input mono json-text"
          rows={14}
          value={text}
          spellCheck={false}
          dir="ltr"
          aria-describedby={`${id}r`}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <div id={`${id}r`} role="status">
        {result !== undefined && <Verdict result={result} />}
      </div>
      <div className="line">
        <button type="button" className="btn slim" disabled={action.running} onClick={() => void run(false)}>
          Check
        </button>
        <button
          type="submit"
          className={result?.verdict === 'unsound' ? 'btn danger push' : 'btn go push'}
          disabled={action.running}
        >
          {result?.verdict === 'unsound' ? 'Send it all the same' : isNew ? 'Create' : 'Save'}
        </button>
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </form>
  )
}

function Verdict({ result }: { readonly result: RecordCheck }) {
  const size = formatBytes(result.bytes)
  if (result.verdict === 'unsound')
    return (
      <p className="note bad">
        <span>Its lexicon does not allow this: {result.problem}.</span>
      </p>
    )
  return (
    <p className="small">
      {result.verdict === 'sound'
        ? `It is what its lexicon says; ${size}.`
        : `No lexicon of this collection is at hand, so only its form was checked; ${size}. The server may know more.`}
    </p>
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CairnError('app.not-json', {}, { cause: error })
  }
}
