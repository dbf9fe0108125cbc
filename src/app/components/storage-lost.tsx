import { Frame } from '../shell.tsx'
import { Title } from './screen.tsx'
import { Stones } from './stones.tsx'

/** The browser removed the database while the app was open: said calmly, in full, with the way back. */
export function StorageLost() {
  return (
    <Frame>
      <div className="card empty" role="alert">
        <Stones size={72} stones={['wanted', 'wanted', 'wanted']} />
        <Title>The browser removed what was kept here</Title>
        <p>
          It happens when site data is cleared, or when the device runs out of room. Cairn noticed at once and
          writes nothing more until you reload.
        </p>
        <p>
          <span className="strong">What is safe:</span> the accounts themselves, on their servers, and every
          file that you exported.
        </p>
        <p>
          <span className="strong">What to do:</span> reload, then back up again by handle or open an exported
          CAR file. To make it less likely to happen again, ask for lasting storage in Settings.
        </p>
        <button type="button" className="btn go" onClick={() => location.assign('/')}>
          Reload and start again
        </button>
      </div>
    </Frame>
  )
}

/** A newer version of the app runs in another tab, and its database is not for this one any more. */
export function TakenOver() {
  return (
    <Frame>
      <div className="card empty" role="alert">
        <Stones size={72} stones={['current', 'current', 'wanted']} />
        <Title>Cairn was updated in another tab</Title>
        <p>
          Everything that was kept here is there. This tab still runs the version before, which cannot read
          it.
        </p>
        <button type="button" className="btn go" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    </Frame>
  )
}
