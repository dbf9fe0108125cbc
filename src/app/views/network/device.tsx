import type { NetworkStatus } from '../../../cairn/api.ts'
import { Id } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'

/** What this device and this tab are to the network. */
export function DeviceCard({ status }: { readonly status: NetworkStatus }) {
  const action = useAction()
  const { role, self } = status
  return (
    <section className="card stack-tight" aria-labelledby="net-device">
      <h2 id="net-device">This device</h2>
      <p className="small">{roleSentence(status)}</p>
      {self !== undefined && (
        <p className="small line">
          Others know it as <Id value={self} what="id of this device" head={4} tail={6} />
        </p>
      )}
      <label className="check">
        <input
          type="checkbox"
          checked={role !== 'off'}
          disabled={action.running}
          onChange={(event) =>
            void action.run((cairn) => cairn.network.setSettings({ enabled: event.target.checked }))
          }
        />
        <span>
          Be part of the network
          <span className="small block">
            Off, nothing connects anywhere but to the servers that you ask for.
          </span>
        </span>
      </label>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </section>
  )
}

function roleSentence({ role, self }: NetworkStatus): string {
  if (role === 'off') return 'It is not connected to others.'
  if (self === undefined) return 'It is being connected.'
  return role === 'leader'
    ? 'This tab holds the connections; other tabs of Cairn show the same.'
    : 'Another tab of Cairn holds the connections; this one shows what it says.'
}
