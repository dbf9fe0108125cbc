import type { Lanes, Sha256 } from '../core/hash.ts'
import { verifySignature } from '../repo/signature.ts'
import { openImport } from './importer.ts'
import { MADE_UP_DID, MADE_UP_KEY, madeUpRepo } from './made-up.ts'
import { nextTask } from './next-task.ts'
import { nowhere } from './nowhere.ts'

/** Records of the made-up repo, and how often it is taken in: more is compiled better, and takes longer. */
const RECORDS = 1000
const TIMES = 4
/** Bytes between two looks at whether there is something else to do: a few milliseconds. */
const PIECE = 64 * 1024

/**
 * Takes a made-up repo in, into nothing: what takes in a real one is compiled then, which is most of the time that a
 * small one takes in a thread that has just started. Gives others their turn every few milliseconds.
 *
 * @param isOver there is real work: ends at once
 * @returns whether it went to its end
 */
export async function rehearseImport(
  hashes: { readonly sha256: Sha256; readonly lanes?: Lanes },
  isOver: () => boolean,
): Promise<boolean> {
  const car = await madeUpRepo(RECORDS, hashes.sha256)
  for (let time = 0; time < TIMES; time++) {
    const session = await openImport({
      ...{
        ...hashes,
        storage: nowhere,
        did: MADE_UP_DID,
        now: 0,
        source: 'file',
        label: '',
        random: () => time,
      },
      async onCommit({ commit }) {
        await verifySignature(MADE_UP_KEY, commit.sig, commit.unsigned)
      },
    })
    for (let at = 0; at < car.length; at += PIECE) {
      await nextTask()
      if (isOver()) return false
      await session.write(car.slice(at, at + PIECE))
    }
    const facts = { signature: 'unchecked', signedBy: undefined, identity: undefined } as const
    await session.finish({ ...facts, now: 0, repo: {} })
  }
  return true
}
