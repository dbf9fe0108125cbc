import { useId, useState, type FormEvent } from 'react'
import { personTag } from '../../../../spaces/content/ids.ts'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { MAX_NAME } from '../../../spaces/limits.ts'
import { PersonAvatar } from '../parts/person-avatar.tsx'
import { AccountClaim } from './account-claim.tsx'

/** One's own name and picture in this space. Another space may know another. */
export function Profile() {
  const { space, detail } = useHere()
  const me = detail.persons.find(({ isSelf }) => isSelf)
  const id = useId()
  const [name, setName] = useState<string>()
  const action = useAction()
  const known = me?.name ?? ''
  const set = (change: { readonly name: string } | { readonly picture: string }) =>
    action.run((cairn) =>
      cairn.spaces.edit(space, [{ kind: 'profile', id: personTag(detail.person), set: change }]),
    )
  const save = async (event: FormEvent) => {
    event.preventDefault()
    const said = (name ?? '').trim()
    if (said === '' || said === known) setName(undefined)
    else if (await set({ name: said })) setName(undefined)
  }
  const choose = (file: File | undefined) => {
    if (file === undefined) return
    void action.run(async (cairn) => {
      const picture = `file/${await cairn.spaces.addFile(space, file, file.name)}`
      await cairn.spaces.edit(space, [{ kind: 'profile', id: personTag(detail.person), set: { picture } }])
    })
  }
  // a reader writes nothing that counts, a name neither
  if (detail.role === 'reader') return null
  return (
    <section className="card stack-tight" aria-labelledby={`${id}h`}>
      <h2 id={`${id}h`}>You in this space</h2>
      <form className="stack-tight" onSubmit={(event) => void save(event)}>
        <div className="line tight">
          <PersonAvatar person={detail.person} />
          <label className="btn slim file-button">
            Change the picture
            <input
              type="file"
              className="hidden-text"
              accept="image/*"
              disabled={action.running}
              onChange={(event) => choose(event.target.files?.[0])}
            />
          </label>
        </div>
        <div className="field">
          <label htmlFor={id}>Name</label>
          <div className="line add-line">
            <input
              id={id}
              className="input"
              value={name ?? known}
              maxLength={MAX_NAME}
              autoComplete="name"
              onChange={(event) => setName(event.target.value)}
            />
            <button type="submit" className="btn slim" disabled={action.running || name === undefined}>
              Save
            </button>
          </div>
        </div>
      </form>
      {action.error !== undefined && <ErrorNote error={action.error} />}
      {me !== undefined && <AccountClaim me={me} />}
    </section>
  )
}
