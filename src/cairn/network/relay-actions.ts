import type { Network } from '../network-model.ts'
import { describeRelay } from './describe-relay.ts'
import type { Running } from './parts.ts'
import { readNetworkSettings, writeNetworkSettings } from './settings.ts'

/** Uses these relays from now on, besides those there are. */
export async function addRelays({ host, relays, emit }: Running, urls: readonly string[]): Promise<string[]> {
  const before = await readNetworkSettings(host.storage)
  const next = await writeNetworkSettings(host.storage, { relays: [...before.relays, ...urls] })
  relays.set(next.relays)
  emit({ type: 'settings' })
  return [...next.relays]
}

/** What a person does about relays. */
export function relayActions(running: Running): Pick<Network, 'addRelay' | 'removeRelay'> {
  const { host, relays, emit } = running
  return {
    async addRelay(url) {
      // What is no relay is not added.
      const { peerId } = await describeRelay(host, url)
      await addRelays(running, [url])
      const added = relays.status().find((it) => it.url === new URL('.', url).href || it.peer === peerId)
      return relays.ask(added?.url ?? url)
    },
    async removeRelay(url) {
      const { relays: before } = await readNetworkSettings(host.storage)
      const next = await writeNetworkSettings(host.storage, { relays: before.filter((it) => it !== url) })
      relays.set(next.relays)
      emit({ type: 'settings' })
    },
  }
}
