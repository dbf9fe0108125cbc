import { useEffect, useState } from 'react'
import { formatDuration } from '../lib/format.ts'

/** "in 12 s", counting down; "now" when it is due. Not announced: it changes each second. */
export function Countdown({ at }: { readonly at: number }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  const left = (at - now) / 1_000
  return <span className="num">{left < 1 ? 'now' : `in ${formatDuration(left)}`}</span>
}
