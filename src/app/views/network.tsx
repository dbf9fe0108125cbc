import type { NetworkStatus } from '../../cairn/api.ts'
import { Empty, Loading } from '../components/bits.tsx'
import { Countdown } from '../components/countdown.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { Title } from '../components/screen.tsx'
import { useAction } from '../lib/engine-context.ts'
import { plural, pluralWord } from '../lib/format.ts'
import { useNetwork, usePulse } from '../lib/network.ts'
import { useOnline } from '../lib/online.ts'
import '../styles/network.css'
import { Agreements } from './network/agreements.tsx'
import { BackgroundCard } from './network/background.tsx'
import { DeviceCard } from './network/device.tsx'
import { LiveServers } from './network/live.tsx'
import { Peers } from './network/peers.tsx'
import { Published } from './network/published.tsx'
import { Relays } from './network/relays.tsx'
import { NetworkSettingsCard } from './network/settings.tsx'
import { SyncButton } from './network/sync.tsx'
import { Transfers } from './network/transfers.tsx'

/** While bytes move their numbers follow; otherwise events tell what changes. */
const BUSY_MS = 1_000
const IDLE_MS = 5_000

/** Who is connected and how, what moves between devices, and what was agreed with whom. */
export function NetworkScreen() {
  const { value: status, error, reload } = useNetwork()
  const online = useOnline()
  usePulse(reload, status !== undefined && status.transfers.length > 0 ? BUSY_MS : IDLE_MS)
  const on = status !== undefined && status.role !== 'off'
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title>Network</Title>
          <p className="small">{headline(status, online)}</p>
        </div>
        {on && <SyncButton online={online} />}
      </div>
      {status === undefined ? (
        error === undefined ? (
          <Loading label="Asking how the network stands" />
        ) : (
          <ErrorNote error={error} />
        )
      ) : (
        <div className="columns">
          <div className="stack">
            <Trouble status={status} online={online} />
            {on ? (
              <>
                {status.transfers.length > 0 && <Transfers status={status} />}
                <Relays relays={status.relays} />
                <Peers status={status} />
                <Agreements status={status} />
                <Published />
                {status.live.length > 0 && <LiveServers servers={status.live} />}
              </>
            ) : (
              <Off />
            )}
          </div>
          <div className="aside">
            <DeviceCard status={status} />
            <NetworkSettingsCard />
            <BackgroundCard background={status.background} on={on} />
          </div>
        </div>
      )}
    </>
  )
}

const ALONE = 'Everything on this device works without it.'

function headline(status: NetworkStatus | undefined, online: boolean): string {
  if (status === undefined) return 'Copies with friends, from device to device.'
  if (status.role === 'off') return `Turned off on this device. ${ALONE}`
  if (!online) return `You are offline. ${ALONE}`
  if (status.self === undefined) return `The network is being started. ${ALONE}`
  const { peers, relays } = status
  const answering = relays.filter(({ state }) => state === 'connected').length
  const devices =
    peers.length === 0 ? 'No other device is connected' : `${pluralWord(peers.length, 'device')} connected`
  return `${devices}, ${answering === relays.length ? plural(answering, 'relay') : `${answering} of ${plural(relays.length, 'relay')}`} in reach.`
}

/** What keeps this device from others now, calmly. */
function Trouble({ status, online }: { readonly status: NetworkStatus; readonly online: boolean }) {
  if (status.role === 'off') return null
  if (!online) {
    return (
      <div className="note behind" role="status">
        <p className="strong">You are offline.</p>
        <p>{ALONE} What changed waits here, and is handed over by itself when the network is back.</p>
      </div>
    )
  }
  const { relays } = status
  if (relays.length === 0 || relays.some(({ state }) => state === 'connected' || state === 'connecting'))
    return null
  const next = relays.flatMap(({ nextTryAt }) => nextTryAt ?? []).sort((a, b) => a - b)[0]
  return (
    <div className="note behind">
      <p className="strong">No relay is reachable.</p>
      <p>
        {ALONE} Others find this device when one answers again.
        {next !== undefined && (
          <>
            {' '}
            Next try <Countdown at={next} />.
          </>
        )}
      </p>
    </div>
  )
}

function Off() {
  const action = useAction()
  return (
    <div className="card">
      <Empty
        title="You are not part of the network"
        action={
          <button
            type="button"
            className="btn go"
            disabled={action.running}
            onClick={() => void action.run((cairn) => cairn.network.setSettings({ enabled: true }))}
          >
            Turn it on
          </button>
        }
      >
        {ALONE} With it, friends can keep copies of what is yours, you of theirs, and all of them stay current
        by themselves.
      </Empty>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </div>
  )
}
