import type { Network, NetworkStatus } from '../network-model.ts'
import { NetworkError } from './calls.ts'

export const OFF: NetworkStatus = {
  role: 'off',
  self: undefined,
  relays: [],
  peers: [],
  transfers: [],
  direct: 'unsupported',
  live: [],
  background: 'none',
}

const off = (): Promise<never> => Promise.reject(new NetworkError('network.off'))

/** A place without a network of peers, such as a command that ends when its work is done. */
export const noNetwork: Network = {
  status: async () => OFF,
  settings: off,
  setSettings: off,
  catchUp: off,
  addRelay: off,
  removeRelay: off,
  namePeer: off,
  copies: async () => [],
  challenge: off,
  listed: async () => false,
  setListed: off,
  keepLink: off,
  keep: off,
  keepAtStore: off,
  keepCollection: off,
  agreements: async () => [],
  offer: off,
  accept: off,
  endAgreement: off,
  published: async () => [],
  publish: off,
  endPublished: off,
  findPublished: off,
  consent: off,
  setConsent: off,
}
