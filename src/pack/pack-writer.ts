import { createByteWriter } from './byte-writer.ts'
import { writeMagic } from './header.ts'
import { PACK_MAGIC, PACK_VERSION, type SyncPack } from './model.ts'
import { writePush } from './push.ts'
import { writeSubscription } from './subscription.ts'

/** As many rows of a table as the format's own encoder asks for before it groups them. */
const GROUP_THRESHOLD = 8

export interface EncodeOptions {
  /** how many rows of one table a commit must write before they travel as a group; at least 1, by default 8 */
  readonly groupThreshold?: number
}

/**
 * The sync pack in format SSP1 version 14. The same pack gives the same bytes. A pack that was decoded gives its
 * bytes again, when its writer kept the order of dictionaries and groups, the JSON form of ECMAScript and the
 * same threshold.
 *
 * Throws `pack.value` for what the format cannot carry, `pack.manifest` for snapshots that contradict themselves.
 */
export function encodePack(pack: SyncPack, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const threshold = Math.max(1, options.groupThreshold ?? GROUP_THRESHOLD)
  const writer = createByteWriter()
  writeMagic(writer, PACK_MAGIC, PACK_VERSION)
  writer.bool(pack.ok)
  writer.opt(pack.requiredSchemaVersion, writer.i32)
  writer.opt(pack.latestSchemaVersion, writer.i32)
  writer.opt(pack.push, (push) => writePush(writer, push))
  writer.opt(pack.pull, ({ ok, subscriptions }) => {
    writer.bool(ok)
    writer.list(subscriptions, (subscription) => writeSubscription(writer, subscription, threshold))
  })
  return writer.finish()
}
