import type {
  ActivityItem,
  Cairn,
  CairnEvent,
  Change,
  Job,
  PartialCopy,
  RecordItem,
  RepoSummary,
  Settings,
} from '../../cairn/api.ts'
import { CairnError } from '../../core/errors.ts'
import { JUN, MIRELA, PICTURE, recordAt, REPOS, SNAPSHOTS } from './story-data.ts'
import { storyMoving, type MovingStory } from './story-moving.ts'
import { storyNetwork, type NetworkStory } from './story-network.ts'
import { storyAccounts, type AccountsStory } from './story-accounts.ts'
import { storyWriting, type WritingStory } from './story-writing.ts'
import { storySpaces, type SpacesStory } from './story-spaces.ts'
import { partPage } from './story-parts.ts'
import { ACTIVITY, FAILED_JOB, storyBlob, storyJob } from './story-jobs.ts'

/** A 2 by 2 image, green and stone. */
const PNG = Uint8Array.from(
  atob(
    'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGOYueH/zA3/GUDEmWN/gAgASPAMIUF+Nd0AAAAASUVORK5CYII=',
  ),
  (char) => char.charCodeAt(0),
)

export interface Story {
  readonly cairn: Cairn
  readonly emit: (event: CairnEvent) => void
  /** method paths in the order they were called */
  readonly calls: string[]
  /** how often it was told that a repo will be asked for soon */
  prepared(): number
}

export interface StoryOptions {
  readonly repos?: readonly RepoSummary[]
  readonly jobs?: readonly Job[]
  readonly activity?: readonly ActivityItem[]
  readonly network?: NetworkStory
  readonly spaces?: SpacesStory
  readonly accounts?: AccountsStory
  readonly moving?: MovingStory
  readonly writing?: WritingStory
  /** collections that are kept without the rest */
  readonly parts?: readonly PartialCopy[]
}

/**
 * A Cairn with invented content, for looking at screens and testing components without an engine. It
 * answers reads; what changes something is only noted in `calls`.
 */
export function createStory({
  repos = REPOS,
  jobs = [storyJob(), FAILED_JOB],
  activity: items = ACTIVITY,
  network = {},
  spaces = {},
  accounts = {},
  moving = {},
  writing = {},
  parts = [],
}: StoryOptions = {}): Story {
  const listeners = new Set<(event: CairnEvent) => void>()
  const calls: string[] = []
  let prepared = 0
  let settings: Settings = {
    endpoints: {
      plc: 'https://plc.directory',
      doh: 'https://dns.google/resolve',
      resolver: 'https://public.api.bsky.app',
      allowLocal: false,
    },
    retention: { keep: 'all' },
    blobs: true,
  }
  const note =
    <T>(path: string, value: T) =>
    async (...args: unknown[]): Promise<T> => {
      calls.push(
        [path, ...args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))].join(' '),
      )
      return value
    }
  const emit = (event: CairnEvent) => listeners.forEach((listener) => listener(event))
  const sizeOf = (did: string, collection: string) =>
    repos.find((repo) => repo.did === did)?.head?.collections.find(({ nsid }) => nsid === collection)
      ?.records ?? 0
  const find = (did: string, path: string): RecordItem => {
    const [collection = ''] = path.split('/')
    const total = sizeOf(did, collection)
    for (let index = 0; index < Math.min(total, 400); index++) {
      const item = recordAt(did, collection, index)
      if (item.path === path) return item
    }
    throw new CairnError('repo.record-missing', { path })
  }
  const head = SNAPSHOTS[0]
  const older = SNAPSHOTS[1]
  if (head === undefined || older === undefined) throw new Error('the story has no snapshots')

  const cairn: Cairn = {
    library: {
      list: async () => repos,
      get: async (did) => repos.find((repo) => repo.did === did),
      async prepare() {
        prepared++
      },
      backup: note('backup', storyJob()),
      importFile: note('importFile', storyJob()),
      fetchBlobs: note('fetchBlobs', storyJob()),
      skipBlob: note('skipBlob', undefined),
      verify: note('verify', storyJob()),
      cancel: note('cancel', undefined),
      resume: note('resume', storyJob()),
      discardUnfinished: note('discardUnfinished', undefined),
      snapshots: async () => SNAPSHOTS,
      changes: async (_did, from, _to, page = { offset: 0, limit: 50 }) => {
        const all: Change[] = Array.from({ length: 130 }, (_, index) => ({
          path: recordAt(MIRELA, index % 5 === 0 ? 'app.bsky.graph.follow' : 'app.bsky.feed.post', index)
            .path,
          type: index % 9 === 0 ? 'deleted' : index % 7 === 0 ? 'changed' : 'added',
          before: undefined,
          after: undefined,
        }))
        const count = (type: Change['type']) => all.filter((change) => change.type === type).length
        return {
          from: SNAPSHOTS.find(({ id }) => id === from),
          to: head,
          added: count('added'),
          changed: count('changed'),
          deleted: count('deleted'),
          items: all.slice(page.offset, page.offset + page.limit),
        }
      },
      records: async ({ did, collection, offset, limit, newestFirst = true }) => {
        calls.push(`records ${collection} ${offset} ${limit}`)
        const total = sizeOf(did, collection)
        const count = Math.max(0, Math.min(limit, total - offset))
        const items = Array.from({ length: count }, (_, index) =>
          recordAt(did, collection, newestFirst ? offset + index : total - 1 - offset - index),
        )
        return { total, offset, items }
      },
      record: async (did, path) => {
        const item = find(did, path)
        return {
          ...item,
          did,
          uri: `at://${did}/${path}`,
          snapshot: head,
          proof: {
            valid: true,
            commit: head.commit,
            signature: 'current-key',
            nodes: [5, 3, 1].map((layer, index) => ({
              cid: recordAt(did, 'node', layer).cid,
              layer,
              entries: 4 + index * 3,
              bytes: 900,
            })),
          },
          blobs: JSON.stringify(item.value).includes(PICTURE)
            ? [{ ...storyBlob(0), cid: PICTURE, paths: [path] }]
            : [],
        }
      },
      versions: async (did, path) => [
        {
          cid: recordAt(did, 'old', 3).cid,
          value: {},
          firstSnapshot: older,
          lastSnapshot: older,
          inHead: false,
        },
        { cid: find(did, path).cid, value: {}, firstSnapshot: head, lastSnapshot: head, inHead: true },
      ],
      proofCar: async () => new Uint8Array([1]),
      blobs: async (did, { offset, limit }) => {
        const counts = repos.find((repo) => repo.did === did)?.blobs ?? {
          referenced: 0,
          kept: 0,
          keptBytes: 0,
          missing: 0,
          skipped: 0,
        }
        const items = Array.from(
          { length: Math.max(0, Math.min(limit, counts.referenced - offset)) },
          (_, index) => storyBlob(offset + index),
        )
        return { total: counts.referenced, counts, items }
      },
      blob: async () => new Blob([PNG]),
      search: async ({ text, limit, did }) => {
        const words = text.toLowerCase()
        const hits = Array.from({ length: 300 }, (_, index) =>
          recordAt(MIRELA, 'app.bsky.feed.post', index),
        ).flatMap((item) => {
          const value = item.value
          const body =
            typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string'
              ? value.text
              : ''
          const at = body.toLowerCase().indexOf(words)
          return at < 0
            ? []
            : [{ did: did ?? MIRELA, item, excerpt: body, marks: [[at, at + words.length] as const] }]
        })
        return {
          hits: hits.slice(0, limit),
          more: hits.length > limit,
          building: did === undefined ? [{ did: JUN, progress: 0.4 }] : [],
          took: 3,
        }
      },
      exportRepo: async (_did, format) => ({
        name: `mirela.${format}`,
        type: 'application/octet-stream',
        size: PNG.length,
        stream: new Blob([PNG]).stream(),
      }),
      setRetention: note('setRetention', undefined),
      deleteSnapshot: note('deleteSnapshot', undefined),
      deleteRepo: note('deleteRepo', undefined),
      partials: async () => parts,
      readPartial: async (query) => partPage(parts, query),
      deletePartial: note('deletePartial', undefined),
    },
    activity: {
      list: async () => items,
      jobs: async () => jobs,
      clear: note('clear', undefined),
    },
    device: {
      storage: async () => ({
        usage: 110_700_000,
        quota: 2_100_000_000,
        persistent: false,
        why: 'not-asked',
        repos: repos.map((repo) => ({ did: repo.did, bytes: repo.storedBytes })),
      }),
      settings: async () => settings,
      setSettings: async (change) => {
        calls.push(`setSettings ${JSON.stringify(change)}`)
        settings = { ...settings, ...change }
        for (const listener of listeners) listener({ type: 'settings' })
        return settings
      },
      persistAsked: note('persistAsked', undefined),
      wipe: note('wipe', undefined),
    },
    network: storyNetwork(note, emit, network),
    spaces: storySpaces(note, emit, spaces),
    accounts: storyAccounts(note, accounts),
    moving: storyMoving(note, moving),
    writing: storyWriting(note, writing),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: async () => {},
  }
  return { cairn, calls, emit, prepared: () => prepared }
}
