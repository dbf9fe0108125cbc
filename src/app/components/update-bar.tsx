import { useState } from 'react'
import { useUpdate } from '../lib/update.ts'

/** Offers a new version. It never takes over by itself, and waits for running jobs. */
export function UpdateBar() {
  const update = useUpdate()
  const [later, setLater] = useState(false)
  if (later || (!update.ready && !update.waiting)) return null
  return (
    <div className="card update-bar" role="status">
      {update.ready ? (
        <>
          <span>A new version is ready.</span>
          <button type="button" className="btn slim go" onClick={update.reload}>
            Reload
          </button>
        </>
      ) : (
        <span className="small">
          A new version is ready. It can take over when the running work has ended.
        </span>
      )}
      <button type="button" className="btn slim plain" onClick={() => setLater(true)}>
        Later
      </button>
    </div>
  )
}
