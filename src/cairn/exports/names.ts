import type { SnapshotRow } from '../../storage/rows.ts'
import { DEVICE } from '../spaces/safe-names.ts'

/** File systems allow 255 bytes; a download may have a number put after it. */
const MAX_BASE = 180

/** `alice.example.com-3kabc…`: who and which rev, in characters that every file system takes. */
export function baseName(snapshot: SnapshotRow, handle: string | undefined): string {
  // A version 2 commit may have no rev.
  const version = snapshot.rev ?? snapshot.commitCid.slice(-13)
  const who = (handle ?? snapshot.did)
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .slice(0, MAX_BASE - version.length - 1)
  const name = `${who}-${version}`
  return DEVICE.test(name) ? `_${name}` : name
}
