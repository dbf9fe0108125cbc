import { useRecovery } from '../../../spaces/reads.ts'

/** Asked for once there is something to lose, where it would be lost. */
export function RecoveryDue() {
  const { value: recovery } = useRecovery()
  if (recovery === undefined || !recovery.isDue) return null
  return (
    <div className="note behind strip-note">
      <p className="strong">Your spaces are on this device only.</p>
      <p>
        If the browser’s storage is lost, nobody can let you back in as yourself. Twelve words, on paper, open
        them again on any device.
      </p>
      <div className="line">
        <a className="btn slim" href="/settings">
          Make recovery words
        </a>
      </div>
    </div>
  )
}
