import { readFile, writeFile } from 'node:fs/promises'
import { Secp256k1Keypair } from '@atproto/crypto'

/** What an operator does with an account's signing key, with the PDS's own parts. */
export function createKeyRotation({ ctx }) {
  const past = new Map()
  const keyFile = async (did) => (await ctx.actorStore.getLocation(did)).keyLocation
  const put = async (did, key) => writeFile(await keyFile(did), await key.export())

  return {
    /** A new key: in the directory, and under a commit of its own. Gives both as did:keys. */
    async rotateKey({ did }) {
      const before = await Secp256k1Keypair.import(await readFile(await keyFile(did)), { exportable: true })
      const now = await Secp256k1Keypair.create({ exportable: true })
      past.set(did, before)
      await put(did, now)
      await ctx.plcClient.updateAtprotoKey(did, ctx.plcRotationKey, now.did())
      await ctx.sequencer.sequenceIdentity(did)
      const sync = await ctx.actorStore.transact(did, async (actor) => {
        await actor.repo.processWrites([])
        return actor.repo.getSyncEventData()
      })
      await ctx.sequencer.sequenceSync(did, sync)
      return { past: before.did(), now: now.did() }
    },
    /** From now on the server signs with the key that the account has given up, as a thief of it would. */
    async signWithPastKey({ did }) {
      const key = past.get(did)
      if (key === undefined) throw new Error(`no past key here: ${did}`)
      await put(did, key)
    },
  }
}
