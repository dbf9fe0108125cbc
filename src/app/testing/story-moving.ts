import type { Job, Move, Moving, Plan, ServerFacts, Standing } from '../../cairn/api.ts'
import { MIRELA, NOW } from './story-data.ts'
import { storyJob } from './story-jobs.ts'
import type { Note } from './story-network.ts'

export interface MovingStory {
  readonly move?: Move
  readonly standing?: Partial<Standing>
  readonly plan?: Partial<Plan>
  /** how long looking ahead takes */
  readonly looking?: Promise<void>
}

const SERVER_KEY = 'did:key:zQ3shQKQm2sb5TBAAuADJzsTD3tGD8EGyEYxJJYgB7EibhfR7'
const OWN_KEY = 'did:key:zQ3shc2V61aahXtx2FpwMfLZYp8FShdh1uw6ugxFG3x6U7iyF'

const STANDING: Standing = {
  did: MIRELA,
  method: 'plc',
  pds: 'https://pds.example.org',
  handle: 'mirela.example',
  keys: [{ didKey: SERVER_KEY, own: false }],
  recovery: undefined,
  recent: [],
  privateAt: undefined,
}

const SERVER: ServerFacts = {
  pds: 'https://morel.example.net',
  host: 'morel.example.net',
  did: 'did:web:morel.example.net',
  inviteNeeded: true,
  phoneNeeded: false,
  domains: ['.morel.example.net'],
}

/** A move on its way, waiting for the code from the mail. */
export const MOVE: Move = {
  did: MIRELA,
  handle: 'mirela.example',
  kind: 'move',
  method: 'plc',
  from: 'https://pds.example.org',
  to: 'https://morel.example.net',
  newHandle: 'mirela.morel.example.net',
  withoutBlobs: false,
  startedAt: NOW - 600_000,
  endedAt: undefined,
  running: false,
  waits: { for: 'code', host: 'pds.example.org' },
  steps: [
    ['copy', { records: 1204, blobs: 57, lacking: 0 }],
    ['account', { handle: 'mirela.morel.example.net' }],
    ['repo', { records: 1204 }],
    ['blobs', { sent: 57, lacking: 0 }],
    ['settings', { carried: 4 }],
    ['check', { records: 1204, blobs: 57 }],
    ['identity', undefined],
    ['activate', undefined],
    ['leave', undefined],
    ['mutes', undefined],
    ['confirm', undefined],
  ].map(([name, facts]) => ({
    // written out just above
    name: name as Move['steps'][number]['name'],
    state: facts === undefined ? 'todo' : 'done',
    at: facts === undefined ? undefined : NOW - 500_000,
    facts: (facts ?? {}) as Move['steps'][number]['facts'],
    error: undefined,
    progress: undefined,
  })),
}

/** A way out for an account. What is given is not noted. */
export function storyMoving(note: Note, { move, standing, plan, looking }: MovingStory): Moving {
  const job: Job = storyJob()
  return {
    list: async () => (move === undefined ? [] : [move]),
    get: async (did) => (move?.did === did ? move : undefined),
    standing: async (did) => ({ ...STANDING, did, ...standing }),
    async makeKey(did) {
      await note('makeKey', undefined)(did)
      return { didKey: OWN_KEY, words: Array.from({ length: 24 }, () => 'abandon').join(' '), file: '{}' }
    },
    checkKey: async (did) => note('checkKey', undefined)(did),
    requestCode: note('requestCode', { host: 'pds.example.org' }),
    addKey: async (did) => note('addKey', undefined)(did),
    exportPrivate: note('exportPrivate', { at: NOW, parts: [] }),
    privateFile: note('privateFile', '{}'),
    takePrivate: async (did) => note('takePrivate', undefined)(did),
    takeFile: async (did, _file, name) => note('takeFile', job)(did, name),
    server: note('server', SERVER),
    async plan(input) {
      await note('plan', undefined)(input)
      await looking
      const steps = ['copy', 'account', 'repo'] as const
      return { kind: input.kind, from: undefined, to: SERVER, steps, findings: [], ready: true, ...plan }
    },
    begin: note('begin', move ?? MOVE),
    go: async (did) => note('go', undefined)(did),
    stop: note('stop', undefined),
    withoutBlobs: note('withoutBlobs', undefined),
    forget: note('forget', undefined),
  }
}
