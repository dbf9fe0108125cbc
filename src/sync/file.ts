import { readChunks } from '../core/chunk-reader.ts'
import { readCarCommit } from '../storage/car-commit.ts'
import type { BackupResult } from './backup.ts'
import type { Endpoints, Host } from './host.ts'
import { takeIn } from './take-in.ts'
import { drain } from './transfer.ts'
import type { Work } from './work.ts'

/** Takes a CAR file in; see {@link takeIn} for what proves its author. */
export async function importFile(
  host: Host,
  endpoints: Endpoints,
  file: Blob,
  name: string,
  work: Work,
): Promise<BackupResult> {
  work.report({ phase: 'resolving', totalBytes: file.size })
  const { commit } = await readCarCommit(file)
  work.report({ did: commit.did })
  return takeIn(host, endpoints, {
    did: commit.did,
    source: 'file',
    label: name,
    work,
    once: true,
    mends: true,
    feed: (session) => drain(session, readChunks(file.stream()), work),
  })
}
