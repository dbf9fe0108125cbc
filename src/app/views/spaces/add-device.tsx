import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { Stones } from '../../components/stones.tsx'
import { useWayIn } from '../../spaces/use-way-in.ts'
import { NameField } from './create.tsx'

interface AddDeviceProps {
  readonly link: string
  readonly onLater: () => void
}

/** Makes this device another one of whoever shows the link. */
export function AddDevice({ link, onLater }: AddDeviceProps) {
  const wayIn = useWayIn('device-name', (cairn, name) => cairn.spaces.joinDevice(link, { name }))
  return (
    <>
      <div className="head">
        <Title>Add this device?</Title>
      </div>
      <form className="card pad stack join" onSubmit={wayIn.submit} noValidate>
        <div className="copies">
          <Stones size={52} stones={['current', 'current', 'wanted']} />
          <p>
            It becomes another one of yours in the space that your first device shows. It reads and writes as
            you, and can be removed from any of your other devices. Keep the first one on until this is done.
          </p>
        </div>
        <NameField {...wayIn.field} />
        {wayIn.error !== undefined && <ErrorNote error={wayIn.error} />}
        <div className="line">
          <button type="submit" className="btn go" disabled={wayIn.running}>
            {wayIn.running ? 'Waiting for your first device' : 'Add this device'}
          </button>
          <button type="button" className="btn plain" disabled={wayIn.running} onClick={onLater}>
            Not now
          </button>
        </div>
      </form>
    </>
  )
}
