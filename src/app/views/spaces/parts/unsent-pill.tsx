import { useHere } from '../../../spaces/here.ts'

/** Beside what nobody else has: it is on its way, or stays here because its author is in the space no more. */
export function UnsentPill() {
  const { detail } = useHere()
  return detail.state === 'member' ? (
    <span className="pill quiet">waiting to send</span>
  ) : (
    <span className="pill behind">not sent</span>
  )
}
