import { useState } from 'react'
import { MOMENT, useLasting } from '../../../lib/lasting.ts'
import { useHere } from '../../../spaces/here.ts'

/**
 * Beside what nobody else has: it is on its way, or stays here because its author is in the space no more.
 *
 * @param since when it was written, ms: most of it has left a moment later
 */
export function UnsentPill({ since }: { readonly since: number }) {
  const { detail } = useHere()
  const [isOld] = useState(() => Date.now() - since > MOMENT)
  const isHeldUp = useLasting(true, isOld)
  if (detail.state !== 'member') return <span className="pill behind">not sent</span>
  return isHeldUp ? <span className="pill quiet">waiting to send</span> : null
}
