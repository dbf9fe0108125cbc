import type { Announcement } from '../../directory-model.ts'
import { createMessageReader, writeMessage } from '../../messages.ts'
import type { ByteStream, Net } from '../../net.ts'
import { createMemoryNetwork, type MemoryNetwork } from '../../testing/memory-net.ts'
import { createDirectory, type RelayDirectory } from '../client.ts'
import { ANSWER_BYTES, DIRECTORY_PROTOCOL } from '../limits.ts'
import { sealAnnouncement } from '../record.ts'
import { createDirectoryServer, type DirectoryServer, type DirectoryServerOptions } from '../server.ts'
import { answerShape, type DirectoryAnswer, type DirectoryQuestion } from '../wire.ts'
import { createSequence, type Identity, identity } from './identities.ts'
import { createManualTime, type ManualTime } from './manual-time.ts'

type Node = ReturnType<MemoryNetwork['node']>

export interface Rig {
  readonly network: MemoryNetwork
  readonly time: ManualTime
  relay(
    name: string,
    options?: Partial<DirectoryServerOptions>,
  ): Promise<Identity & { server: DirectoryServer; node: Node }>
  /** A device that speaks the protocol by hand. */
  speaker(name: string, relay: string): Promise<Speaker>
  device(
    name: string,
    relays: readonly string[],
    net?: Partial<Net>,
  ): Promise<Identity & { directory: RelayDirectory; node: Node }>
  close(): Promise<void>
}

export interface Speaker extends Identity {
  readonly stream: ByteStream
  /** the next answer or push */
  hear(): Promise<DirectoryAnswer>
  say(question: DirectoryQuestion & { readonly id?: number }): Promise<void>
  /** Says it and gives the next thing that is heard. */
  ask(question: DirectoryQuestion & { readonly id?: number }): Promise<DirectoryAnswer>
  seal(topic: Uint8Array, change?: Partial<Announcement>): Promise<Uint8Array>
  announce(topic: Uint8Array, change?: Partial<Announcement>): Promise<DirectoryAnswer>
}

/** Relays and devices in one process, on time that the test owns. */
export function createRig(): Rig {
  const network = createMemoryNetwork()
  const time = createManualTime()
  const ends: (() => void | Promise<void>)[] = []
  return {
    network,
    time,
    async relay(name, options) {
      const who = await identity(name)
      const node = network.node(who.peer)
      const server = createDirectoryServer({ net: node, clock: time, timers: time, ...options })
      ends.push(() => server.close())
      return { ...who, server, node }
    },
    async speaker(name, relay) {
      const who = await identity(name)
      const stream = await network.node(who.peer).open(relay, DIRECTORY_PROTOCOL)
      const reader = createMessageReader(stream, answerShape, ANSWER_BYTES)
      let id = 0
      let seq = 0
      const hear = (): Promise<DirectoryAnswer> => reader.expect()
      const say: Speaker['say'] = (question) => writeMessage(stream, { id: ++id, ...question })
      const seal: Speaker['seal'] = (topic, change) =>
        sealAnnouncement(
          { topic, peer: who.peer, addresses: ['/x'], seq: ++seq, expiresAt: time.now() + 60_000, ...change },
          who.key,
        )
      const ask: Speaker['ask'] = async (question) => {
        await say(question)
        return hear()
      }
      return {
        ...who,
        stream,
        hear,
        say,
        ask,
        seal,
        announce: async (topic, change) =>
          ask({ type: 'announce', topic, record: await seal(topic, change), ttl: 60_000 }),
      }
    },
    async device(name, relays, net) {
      const who = await identity(name)
      const node = network.node(who.peer)
      const directory = createDirectory({
        net: { ...node, ...net },
        key: who.key,
        sequence: createSequence(),
        clock: time,
        timers: time,
        random: () => 0.5,
        relays,
      })
      ends.push(() => directory.close())
      return { ...who, directory, node }
    },
    async close() {
      for (const end of ends) await end()
    },
  }
}
