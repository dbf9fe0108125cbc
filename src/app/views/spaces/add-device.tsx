import { useState, type FormEvent } from 'react'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { Stones } from '../../components/stones.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { goTo } from '../../lib/navigate.ts'
import { spaceHref } from '../../lib/routes.ts'
import { dropSecretLink } from '../../lib/secret-link.ts'
import { lastName, rememberName } from '../../spaces/last-name.ts'
import { NameField } from './create.tsx'

interface AddDeviceProps {
  readonly link: string
  readonly onLater: () => void
}

/** Makes this device another one of whoever shows the link. */
export function AddDevice({ link, onLater }: AddDeviceProps) {
  const [name, setName] = useState(lastName)
  const [checked, setChecked] = useState(false)
  const action = useAction()
  const isMissing = name.trim() === ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    if (isMissing) {
      document.getElementById('device-name')?.focus()
      return
    }
    let space = ''
    void action
      .run(async (cairn) => {
        space = (await cairn.spaces.joinDevice(link, { name: name.trim() })).space
      })
      .then((done) => {
        if (!done) return
        rememberName(name)
        dropSecretLink()
        goTo(spaceHref(space), { replace: true })
      })
  }
  return (
    <>
      <div className="head">
        <Title>Add this device?</Title>
      </div>
      <form className="card pad stack join" onSubmit={submit} noValidate>
        <div className="copies">
          <Stones size={52} stones={['current', 'current', 'wanted']} />
          <p>
            It becomes another one of yours in the space that your first device shows. It reads and writes as
            you, and can be removed from any of your other devices. Keep the first one on until this is done.
          </p>
        </div>
        <NameField id="device-name" value={name} isMissing={checked && isMissing} onChange={setName} />
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="submit" className="btn go" disabled={action.running}>
            {action.running ? 'Waiting for your first device' : 'Add this device'}
          </button>
          <button type="button" className="btn plain" disabled={action.running} onClick={onLater}>
            Not now
          </button>
        </div>
      </form>
    </>
  )
}
