import { Suspense, useState } from 'react'
import { late } from '../../lib/late.ts'

const KeepPart = late(() => import('./keep-part.tsx'), 'KeepPart')

interface KeepPartButtonProps {
  readonly from?: string
  readonly collection?: string | undefined
  readonly replace?: boolean
  readonly disabled?: boolean
  readonly className?: string
}

/** Opens the question which part of a repo to keep. */
export function KeepPartButton({ className = 'btn', disabled = false, ...props }: KeepPartButtonProps) {
  const [asking, setAsking] = useState(false)
  return (
    <>
      <button type="button" className={className} disabled={disabled} onClick={() => setAsking(true)}>
        Keep only a part
      </button>
      {asking && (
        <Suspense>
          <KeepPart {...props} onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </>
  )
}
