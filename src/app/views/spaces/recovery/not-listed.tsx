import { useRecovery } from '../../../spaces/reads.ts'

/** Says that the words alone do not open all spaces yet, for as long as that is so. */
export function NotListed() {
  const { value: recovery } = useRecovery()
  if (recovery?.confirmedAt === undefined || recovery.spaces === 0 || recovery.isListed) return null
  return (
    <p className="note" role="status">
      No relay has the list of your spaces yet. Until this device has been online, the words alone do not open
      all of them; the file does.
    </p>
  )
}
