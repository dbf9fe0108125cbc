import { unzipSync } from 'fflate'
import { concat } from '../../../core/bytes.ts'
import { realHost } from '../../../net/testing/nodes.ts'
import type { Storage } from '../../../storage/port.ts'
import { random, sha256 } from '../../../storage/testing/node-host.ts'
import { createActivityLog } from '../../activity.ts'
import type { Library } from '../../api.ts'
import type { CairnHost } from '../../host.ts'
import type { CairnEvent, ExportFile } from '../../model.ts'
import type { Spaces } from '../../space-model.ts'
import { ownSpaces } from '../own.ts'
import { startSpaces } from '../service.ts'

/** The spaces of one context that leads and has no network but `fetch`. */
export interface SpacesHere {
  readonly spaces: Spaces
  readonly events: CairnEvent[]
  readonly log: ReturnType<typeof createActivityLog>
  close(): Promise<void>
}

export async function spacesOn(
  storage: Storage,
  fetch: CairnHost['fetch'] = () => Promise.reject(new TypeError('no network')),
  clock: CairnHost['clock'] = realHost.clock,
): Promise<SpacesHere> {
  const events: CairnEvent[] = []
  const host: CairnHost = {
    ...{ storage, sha256, random, timers: realHost.timers, clock },
    fetch,
    siblings: undefined,
    persistence: { supported: false, persisted: async () => false },
  }
  const log = createActivityLog(host, () => {})
  // Nothing here keeps repos of accounts.
  const library = {} as Library
  const emit = (event: CairnEvent): void => void events.push(event)
  const standing = await startSpaces({ host, app: 'http://127.0.0.1:9/', emit, log, library })
  const spaces: Spaces = {
    // what it runs is all of the API but what each context does by itself
    ...(standing.api as Spaces),
    ...ownSpaces(host, () => spaces),
  }
  return { spaces, events, log, close: () => standing.close() }
}

export async function bytesOf({ stream }: Pick<ExportFile, 'stream'>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return concat(parts)
}

/** A zip's files by name, as a tool that is not ours reads them. */
export const unzipped = (zip: Uint8Array): Map<string, Uint8Array> => new Map(Object.entries(unzipSync(zip)))

export const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
