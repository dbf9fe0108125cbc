import { NetError } from '../../../net/errors.ts'
import type { ByteStream, Net } from '../../../net/net.ts'
import { createMemoryNetwork, type MemoryNetwork } from '../../../net/testing/memory-net.ts'
import type { Storage } from '../../../storage/port.ts'
import { withLevel } from '../../../storage/testing/node-host.ts'
import { createTestTimers, type TestTimers } from '../../testing/timers.ts'
import { type Agreements, createAgreements } from '../agreements.ts'
import type { KeptAgreement } from '../model.ts'
import type { PurgeRequest } from '../purge.ts'

export interface Side extends Agreements {
  readonly peer: string
  readonly net: Net
  readonly storage: Storage
  readonly changes: KeptAgreement[]
  /** the state before each of them, and the one after */
  readonly steps: (readonly [KeptAgreement['state'] | undefined, KeptAgreement['state']])[]
  readonly purges: PurgeRequest[]
  /** what `onPurge` answers; throws what is no boolean */
  purge: boolean | Error
  /** Its next streams break: before this many more writes, or when that many were made and none was answered. */
  breakAfter: { writes: number; answered: boolean } | undefined
  /** the only one there is */
  one(): Promise<KeptAgreement>
}

export interface AgreementKit {
  readonly network: MemoryNetwork
  readonly timers: TestTimers
  side(peer: string): Promise<Side>
}

/** Nodes with a disk each, on a network in memory. */
export async function withAgreements(use: (kit: AgreementKit) => Promise<void>): Promise<void> {
  const network = createMemoryNetwork()
  const timers = createTestTimers()
  const open: (() => void)[] = []
  const closed: Promise<void>[] = []
  let draws = 0
  const storageFor = async (): Promise<Storage> => {
    const given = Promise.withResolvers<Storage>()
    const done = Promise.withResolvers<void>()
    open.push(done.resolve)
    closed.push(
      withLevel(async (storage) => {
        given.resolve(storage)
        await done.promise
      }),
    )
    return given.promise
  }
  try {
    await use({
      network,
      timers,
      async side(peer) {
        const storage = await storageFor()
        const plain = network.node(peer)
        const net: Net = {
          ...plain,
          open: async (...args) => breaking(await plain.open(...args), () => side.breakAfter),
        }
        const changes: KeptAgreement[] = []
        const steps: Side['steps'] = []
        const purges: PurgeRequest[] = []
        const agreements = createAgreements({
          storage,
          net,
          clock: timers.clock,
          timers,
          random: () => draws++,
          onChange(agreement, before) {
            changes.push(agreement)
            steps.push([before, agreement.state])
          },
          async onPurge(request) {
            purges.push(request)
            if (side.purge instanceof Error) throw side.purge
            return side.purge
          },
        })
        agreements.handle()
        const side: Side = {
          ...agreements,
          peer,
          net,
          storage,
          changes,
          steps,
          purges,
          purge: true,
          breakAfter: undefined,
          async one() {
            const [only, ...more] = await agreements.list()
            if (only === undefined || more.length > 0) throw new RangeError(`${more.length} more than one`)
            return only
          },
        }
        return side
      },
    })
  } finally {
    for (const done of open) done()
    await Promise.all(closed)
  }
}

function breaking(stream: ByteStream, when: () => Side['breakAfter']): ByteStream {
  let writes = 0
  const fail = (): never => {
    stream.abort()
    throw new NetError('net.reset', { peer: stream.peer })
  }
  return {
    ...stream,
    async write(bytes) {
      const fault = when()
      if (fault !== undefined && !fault.answered && writes >= fault.writes) fail()
      writes++
      await stream.write(bytes)
    },
    async read() {
      const fault = when()
      // The other side has done what it was told; nobody here learns of it.
      const bytes = await stream.read()
      return fault?.answered === true && writes > fault.writes ? fail() : bytes
    },
  }
}
