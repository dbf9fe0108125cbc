import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { DigestCheck } from '../../core/hash.ts'
import { NetError } from '../../net/errors.ts'
import { RepoError } from '../../repo/errors.ts'
import { askedBlocks } from './asked-blocks.ts'
import type { BlocksAnswer, PageClient } from './client.ts'
import { cidOfDigest } from './cids.ts'
import type { FragmentBlock } from './fragment.ts'
import { MAX_WANTS, type Want } from './protocol.ts'

/** A block to be fetched: where it is in the tree says how a peer finds it. */
export interface Wanted {
  readonly digest: Uint8Array
  /** a record's path; for a node the first key after it, undefined at the end of the tree */
  readonly key: string | undefined
  /** a node's layer */
  readonly layer?: number
}

/**
 * Fetches blocks in as few requests as their bytes allow, the next under way while one is taken. `take` gets
 * each answer as frames of a CAR, its blocks hashed and exactly those that were asked for, in order.
 *
 * @throws RepoError `repo.node-missing`, `repo.record-missing` when the peer lacks one; NetError
 */
export async function fetchBlocks(input: {
  readonly client: PageClient
  readonly did: string
  readonly root: string
  readonly wanted: readonly Wanted[]
  readonly digests: DigestCheck
  readonly take: (fragment: Uint8Array, blocks: readonly FragmentBlock[]) => Promise<void>
}): Promise<void> {
  const { client, did, root } = input
  const queue: (readonly Wanted[])[] = []
  for (let i = 0; i < input.wanted.length; i += MAX_WANTS) queue.push(input.wanted.slice(i, i + MAX_WANTS))
  const underWay: { readonly wanted: readonly Wanted[]; readonly answer: Promise<BlocksAnswer> }[] = []
  for (;;) {
    while (underWay.length < 2 && queue.length > 0) {
      const wanted = queue.shift() ?? []
      const answer = client.blocks({ did, root, wants: wanted.map(asWant), bare: true })
      // Awaited in its turn, if it comes to that.
      answer.catch(() => {})
      underWay.push({ wanted, answer })
    }
    const next = underWay.shift()
    if (next === undefined) return
    const answer = await next.answer
    const { answered } = answer
    const lacking = answer.missing[0] === undefined ? undefined : next.wanted[answer.missing[0]]
    if (lacking !== undefined) throw missing(lacking)
    if (answer.root !== root || answered === 0 || answered > next.wanted.length) throw malformed(client)
    const asked = askedBlocks(answer.bytes, answer.bare, input.digests)
    const blocks = next.wanted.slice(0, answered).map(({ digest, layer }): FragmentBlock => {
      const bytes = asked.next(digest, layer === undefined ? 'repo.record-missing' : 'repo.node-missing')
      if (bytes === undefined) throw malformed(client)
      return { digest, bytes }
    })
    if (asked.left > 0) throw malformed(client)
    asked.check(input.digests)
    if (answered < next.wanted.length) queue.unshift(next.wanted.slice(answered))
    await input.take(asked.fragment, blocks)
  }
}

const asWant = ({ digest, key, layer }: Wanted): Want => ({
  cid: cidOfDigest(digest),
  ...(key === undefined ? {} : { key }),
  ...(layer === undefined ? {} : { layer }),
})

const missing = ({ digest, layer }: Wanted): RepoError =>
  new RepoError(layer === undefined ? 'repo.record-missing' : 'repo.node-missing', {
    cid: cidString(CODEC_DAG_CBOR, digest),
  })

const malformed = (client: PageClient): NetError =>
  new NetError('net.malformed', { peer: client.peer, reason: 'blocks' })
