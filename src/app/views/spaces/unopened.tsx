import { useState } from 'react'
import type { CairnError } from '../../../core/errors.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { useSpaces } from '../../lib/spaces.ts'
import { ForgetDialog } from './settings/forget.tsx'

interface UnopenedProps {
  readonly space: string
  readonly error: CairnError
  readonly onAgain: () => void
}

/** A space that is on this device and does not open: why, and what can be done about it. Nothing of it can be read. */
export function Unopened({ space, error, onAgain }: UnopenedProps) {
  const { value: spaces } = useSpaces()
  const [asking, setAsking] = useState(false)
  const known = spaces?.find((each) => each.space === space)
  return (
    <>
      <div className="head">
        <Title>{known?.title ?? 'Space'}</Title>
      </div>
      <div className="stack-tight">
        <ErrorNote error={error}>
          <button type="button" className="btn slim" onClick={onAgain}>
            Try again
          </button>
          {known !== undefined && (
            <button type="button" className="btn slim danger" onClick={() => setAsking(true)}>
              Forget it on this device
            </button>
          )}
        </ErrorNote>
        {known !== undefined && (
          <p className="small">
            Your other spaces are as they were. This one cannot be read or exported here while it does not
            open.
          </p>
        )}
      </div>
      {asking && known !== undefined && <ForgetDialog space={known} onClose={() => setAsking(false)} />}
    </>
  )
}
