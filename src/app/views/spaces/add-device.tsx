import { useState, type FormEvent } from 'react'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { Stones } from '../../components/stones.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { MAX_NAME } from '../../spaces/limits.ts'
import { arrive } from '../../spaces/use-way-in.ts'

interface AddDeviceProps {
  readonly link: string
  readonly onLater: () => void
}

/** Makes this device another one of whoever shows the link. */
export function AddDevice({ link, onLater }: AddDeviceProps) {
  const [name, setName] = useState('')
  const action = useAction()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    let space = ''
    void action
      .run(async (cairn) => {
        space = (await cairn.spaces.joinDevice(link, { name: name.trim() })).space
      })
      .then((done) => done && arrive(space))
  }
  return (
    <>
      <div className="head">
        <Title>Add this device?</Title>
      </div>
      <form className="card pad stack join" onSubmit={submit}>
        <div className="copies">
          <Stones size={52} stones={['current', 'current', 'wanted']} />
          <p>
            It becomes another one of yours in the space that your first device shows. It reads and writes as
            you, and can be removed from any of your other devices. Keep the first one on until this is done.
          </p>
        </div>
        <div className="field">
          <label htmlFor="device-name">What you call this device (optional)</label>
          <input
            id="device-name"
            className="input"
            value={name}
            maxLength={MAX_NAME}
            dir="auto"
            autoComplete="off"
            aria-describedby="device-name-s"
            onChange={(event) => setName(event.target.value)}
          />
          <span id="device-name-s" className="small">
            Your first device notes it in its Activity. Your name in the space stays what it is.
          </span>
        </div>
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
