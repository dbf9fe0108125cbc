import { useState } from 'react'
import type { SpaceDeviceState, SpacePerson } from '../../../../cairn/api.ts'
import { Ago } from '../../../components/bits.tsx'
import { Confirm } from '../../../components/confirm.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { plural } from '../../../lib/format.ts'
import { personName, useHere } from '../../../spaces/here.ts'

/** The devices of a member. One's own can be removed, when one is lost. */
export function DeviceList({ person }: { readonly person: SpacePerson }) {
  const { isAdmin } = useHere()
  const [removing, setRemoving] = useState<SpaceDeviceState>()
  const { devices, isSelf } = person
  return (
    <details className="devices">
      <summary className="small">{plural(devices.length, 'device')}</summary>
      <ul className="stack-tight">
        {devices.map((device) => (
          <li key={device.device} className="line small">
            <span>{deviceName(device)}</span>
            <span className="faint">
              {device.here ? (
                'here now'
              ) : device.lastAt === undefined ? (
                device.isRecovery ? (
                  'offline, on paper or in a file'
                ) : (
                  'has written nothing yet'
                )
              ) : (
                <>
                  wrote last <Ago at={device.lastAt} />
                </>
              )}
            </span>
            {!device.isSelf && (isSelf || isAdmin) && (
              <button type="button" className="btn slim plain danger" onClick={() => setRemoving(device)}>
                Remove<span className="hidden-text"> {deviceName(device)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {removing !== undefined && (
        <RemoveDevice person={person} device={removing} onClose={() => setRemoving(undefined)} />
      )}
    </details>
  )
}

const deviceName = ({ device, isSelf, isRecovery }: SpaceDeviceState) =>
  isSelf ? 'This device' : isRecovery ? 'Recovery words' : `Device …${device.slice(-6)}`

interface RemoveDeviceProps {
  readonly person: SpacePerson
  readonly device: SpaceDeviceState
  readonly onClose: () => void
}

function RemoveDevice({ person, device, onClose }: RemoveDeviceProps) {
  const { space } = useHere()
  const action = useAction()
  const name = deviceName(device)
  return (
    <Confirm
      title={person.isSelf ? `Remove ${name}?` : `Remove ${name} of ${personName(person)}?`}
      confirm="Remove it"
      busy={action.running}
      error={action.error}
      onClose={onClose}
      onConfirm={() =>
        void action
          .run((cairn) => cairn.spaces.removeDevice(space, device.device))
          .then((done) => done && onClose())
      }
    >
      <p>
        {device.isRecovery
          ? 'The recovery words open this space no longer. Make new ones under Settings.'
          : 'It can read nothing that is written from now on, from the others or from a server. What it has read before it keeps.'}
      </p>
    </Confirm>
  )
}
