import { CODEC_DAG_CBOR, cidString } from '../../core/cid.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import type { SpaceHost } from './host.ts'
import { checkHash, proveCommit } from './next-head.ts'
import { readPage } from './pages.ts'
import { readHead } from './read.ts'
import { createTally } from './tally.ts'

const PAGE = { maxBytes: 1 << 20, maxRows: 4096, withBytes: true }

/**
 * Reads every record, hashes it, counts it anew, and compares with what the author signed; undefined when nothing is
 * kept. The caller holds the repo's lock.
 *
 * Throws `space.record` for bytes that are not those of their CID, `space.hash-mismatch`, and what `proveCommit`
 * throws.
 */
export async function recheckSpace(
  host: SpaceHost,
  repo: string,
): Promise<{ readonly records: number; readonly bytes: number } | undefined> {
  const head = await readHead(host.storage, repo)
  if (head === undefined) return undefined
  const proven = await proveCommit(host, repo, head.commit)
  const tally = createTally(host.ltHash)
  let after: string | null = null
  do {
    const page = await readPage(host.storage, repo, { ...PAGE, after })
    for (const { path, cid, bytes = new Uint8Array() } of page.records) {
      if (cidString(CODEC_DAG_CBOR, host.sha256(bytes)) !== cid) {
        throw new SpaceError('space.record', { repo, path, reason: 'cid' })
      }
      tally.replace(path, undefined, { cid, size: bytes.length, since: '' })
    }
    after = page.upTo
  } while (after !== null)
  checkHash(host, repo, tally, proven)
  return { records: tally.records(), bytes: tally.bytes() }
}
