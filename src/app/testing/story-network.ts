import type { Network } from '../../cairn/api.ts'

type Note = <T>(path: string, value: T) => (...args: unknown[]) => Promise<T>

/** A network with invented content. */
export function storyNetwork(note: Note): Network {
  return {
    status: async () => ({
      role: 'leader',
      self: '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
      relays: [],
      peers: [],
      transfers: [],
      direct: 'yes',
      background: 'periodic',
    }),
    settings: async () => ({ enabled: true, relayOnly: false, stun: [], relays: [] }),
    setSettings: note('setSettings', { enabled: true, relayOnly: false, stun: [], relays: [] }),
    catchUp: note('catchUp', undefined),
    addRelay: async () => Promise.reject(new Error('not in this story')),
    removeRelay: note('removeRelay', undefined),
    namePeer: note('namePeer', undefined),
    copies: async () => [],
    challenge: async () => Promise.reject(new Error('not in this story')),
    listed: async () => true,
    setListed: note('setListed', undefined),
    keepLink: async (did) => ({ did, relays: [], peers: [], url: `https://cairn.example/#/keep/${did}` }),
    keep: note('keep', { job: 'j', did: undefined }),
    keepAtStore: note('keepAtStore', undefined),
    agreements: async () => [],
    offer: async () => Promise.reject(new Error('not in this story')),
    accept: async () => Promise.reject(new Error('not in this story')),
    endAgreement: note('endAgreement', undefined),
  }
}
