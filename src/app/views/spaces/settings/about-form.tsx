import { useId, useState, type FormEvent } from 'react'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { MAX_ABOUT, MAX_TITLE } from '../../../spaces/limits.ts'

/** The space's name and what it is about; admins change them. */
export function AboutForm() {
  const { space, detail, isAdmin } = useHere()
  const id = useId()
  // what was not touched here goes on as the others have it
  const [draft, setDraft] = useState<{ readonly title?: string; readonly about?: string }>({})
  const { title = detail.title, about = detail.about } = draft
  const action = useAction()
  const isChanged = title.trim() !== detail.title || about.trim() !== detail.about
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (title.trim() === '') return
    const set = {
      ...(title.trim() === detail.title ? {} : { title: title.trim() }),
      ...(about.trim() === detail.about ? {} : { about: about.trim() }),
    }
    void action
      .run((cairn) => cairn.spaces.edit(space, [{ kind: 'space', id: 'space', set }]))
      .then((done) => done && setDraft({}))
  }
  return (
    <section className="card pad setting" aria-labelledby={`${id}h`}>
      <div>
        <h2 id={`${id}h`}>About</h2>
        <p className="small">
          {isAdmin ? 'Members see both; newcomers see the name.' : 'Admins can change it.'}
        </p>
      </div>
      <form className="stack" onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}t`}>Name</label>
          <input
            id={`${id}t`}
            className="input"
            value={title}
            maxLength={MAX_TITLE}
            readOnly={!isAdmin}
            dir="auto"
            autoComplete="off"
            required
            onChange={(event) => setDraft({ ...draft, title: event.target.value })}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}a`}>What it is about</label>
          <textarea
            id={`${id}a`}
            className="input grows"
            rows={2}
            value={about}
            maxLength={MAX_ABOUT}
            readOnly={!isAdmin}
            dir="auto"
            onChange={(event) => setDraft({ ...draft, about: event.target.value })}
          />
        </div>
        {isAdmin && (
          <div className="line">
            <button
              type="submit"
              className="btn"
              disabled={action.running || !isChanged || title.trim() === ''}
            >
              Save
            </button>
          </div>
        )}
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </form>
    </section>
  )
}
