import type {
  CairnEvent,
  Edit,
  Entity,
  GroupCopy,
  JoinLink,
  JoinRequest,
  Presence,
  RecoveryState,
  SpaceDetail,
  Spaces,
  SpaceSummary,
} from '../../cairn/api.ts'
import { CairnError } from '../../core/errors.ts'
import { NOW } from './story-data.ts'
import type { Note } from './story-network.ts'
import { DETAIL, ENTITIES, PREVIEW, SUMMARIES, SUMMARY } from './story-space-data.ts'
import { storyRecovery } from './story-recovery.ts'
import { ACCOUNT_RECORD, FILE_STATES, GROUP_COPIES, LINKS, PRESENCE, REQUESTS } from './story-space-people.ts'

export interface SpacesStory {
  readonly list?: readonly SpaceSummary[]
  readonly detail?: Partial<SpaceDetail>
  readonly entities?: readonly Entity[]
  readonly links?: readonly JoinLink[]
  readonly requests?: readonly JoinRequest[]
  readonly presence?: readonly Presence[]
  readonly copies?: readonly GroupCopy[]
  readonly recovery?: Partial<RecoveryState>
  readonly unread?: Readonly<Record<string, number>>
  /** how long links for other devices last, one after another, ms */
  readonly deviceLinks?: readonly number[]
}

/** What is wrong with a link, by what it holds: a link that says `expired` is. */
const WRONG = ['revoked', 'expired', 'used-up']

/**
 * Spaces with invented content. They answer reads; edits hold and are told; everything that changes something is
 * noted.
 */
export function storySpaces(note: Note, emit: (event: CairnEvent) => void, story: SpacesStory = {}): Spaces {
  const detail: SpaceDetail = { ...DETAIL, ...story.detail }
  const { space } = detail
  const entities = new Map((story.entities ?? ENTITIES).map((each) => [`${each.kind}/${each.id}`, each]))
  let list = story.list ?? SUMMARIES
  let links = story.links ?? LINKS
  let requests = story.requests ?? REQUESTS
  let copies = story.copies ?? GROUP_COPIES
  const deviceLinks = [...(story.deviceLinks ?? [])]
  let counter = 1_000
  const files = new Map(FILE_STATES.map((state) => [state.id, state]))
  const all = () => [...entities.values()]
  const changed = (items: readonly string[]) => emit({ type: 'space-items', space, items })
  const told = () => emit({ type: 'space', space })

  const apply = ({ kind, id, set }: Edit): string => {
    const item = `${kind}/${id}`
    const before = entities.get(item)
    const { deleted = before?.deleted ?? false, ...fields } = set
    counter += 1
    entities.set(item, {
      kind,
      id,
      by: detail.person,
      madeAt: NOW,
      hidden: false,
      clockAhead: false,
      ...before,
      fields: { ...before?.fields, ...fields },
      deleted,
      changedAt: NOW,
      changedBy: detail.person,
      counter,
      unsent: true,
    })
    return item
  }
  const edit: Spaces['edit'] = async (to, edits) => {
    await note('edit', undefined)(to, edits)
    changed(edits.map(apply))
  }
  const check = (link: string) => {
    const reason = WRONG.find((each) => link.includes(each))
    if (reason !== undefined) throw new CairnError(`spaces.link-${reason}`)
    if (link.includes('damaged') || !link.includes('#/')) throw new CairnError('spaces.link-damaged')
    if (link.includes('newer')) throw new CairnError('spaces.version', { what: 'capability', version: 9 })
    if (link.includes('nobody'))
      throw new CairnError('space-sync.mailbox', { status: 0, reason: 'unreachable' })
  }
  const joined = (state: SpaceSummary['state']): SpaceSummary => ({ ...SUMMARY, state, unread: 0 })

  return {
    list: async () => list,
    get: async (asked) => {
      if (asked === space) return detail
      const found = list.find((each) => each.space === asked)
      if (found?.state === 'member' && found.fault !== undefined)
        throw new CairnError(found.fault.code, { ...found.fault.fields })
      return found === undefined
        ? undefined
        : { ...detail, ...found, persons: found.state === 'member' ? detail.persons : [] }
    },
    create: async (options) => {
      await note('create', undefined)(options)
      const made = { ...SUMMARY, title: options.title, unread: 0, mentions: 0 }
      list = [made, ...list.filter((each) => each.space !== made.space)]
      emit({ type: 'spaces' })
      return made
    },
    forget: async (gone) => {
      await note('forget', undefined)(gone)
      list = list.filter((each) => each.space !== gone)
      emit({ type: 'spaces' })
    },
    leave: note('leave', undefined),
    preview: async (link) => {
      await note('preview', undefined)(link)
      check(link)
      return {
        space,
        title: detail.title,
        kind: link.includes('view') ? 'viewer' : link.includes('ask') ? 'ask' : 'editor',
        expiresAt: undefined,
        isMember: link.includes('member'),
      }
    },
    join: async (link, options) => {
      await note('join', undefined)(link, options)
      check(link)
      return joined(link.includes('ask') ? 'asked' : 'member')
    },
    joinDevice: async (link, options) => {
      await note('joinDevice', undefined)(link, options)
      check(link)
      return joined('member')
    },
    links: async () => links,
    makeLink: async (to, options) => {
      await note('makeLink', undefined)(to, options)
      const [first] = LINKS
      if (first === undefined) throw new Error('the story has no links')
      const made: JoinLink = {
        ...first,
        link: 'did:key:zDnaeFresh',
        kind: options.kind,
        uses: options.uses,
        joined: [],
      }
      links = [made, ...links]
      told()
      return made
    },
    revokeLink: async (from, id) => {
      await note('revokeLink', undefined)(from, id)
      links = links.map((each) => (each.link === id ? { ...each, state: 'revoked' } : each))
      told()
    },
    requests: async () => requests,
    admit: async (to, id, role) => {
      await note('admit', undefined)(to, id, role)
      requests = requests.filter((each) => each.id !== id)
      told()
    },
    decline: async (to, id) => {
      await note('decline', undefined)(to, id)
      requests = requests.filter((each) => each.id !== id)
      told()
    },
    setRole: note('setRole', undefined),
    removePerson: note('removePerson', undefined),
    removeDevice: note('removeDevice', undefined),
    setSuccessor: note('setSuccessor', undefined),
    succeed: note('succeed', undefined),
    deviceLink: async () => ({
      url: 'https://cairn.garden.example/#/device/3KtQmV0b2ZzaWxlbmNlIQ.b25jZW9uY2VvbmNlb25jZW9uY2U',
      expiresAt: Date.now() + (deviceLinks.shift() ?? 600_000),
    }),
    setAccount: note('setAccount', undefined),
    accountRecord: note('accountRecord', ACCOUNT_RECORD),
    checkAccount: note('checkAccount', true),
    hide: async (at, item, hidden) => {
      await note('hide', undefined)(at, item, hidden)
      const found = entities.get(item)
      if (found !== undefined) entities.set(item, { ...found, hidden })
      changed([item])
    },
    edit,
    entities: async (_space, kind, { hidden = false, deleted = false } = {}) => {
      const found = all().filter(
        (each) => each.kind === kind && (hidden || !each.hidden) && (deleted || !each.deleted),
      )
      const order = (each: Entity) => ('order' in each.fields ? (each.fields.order ?? '') : '')
      return kind === 'task' || kind === 'pin'
        ? found.sort((a, b) => (order(a) < order(b) ? -1 : 1))
        : found.sort((a, b) => b.counter - a.counter)
    },
    entity: async (_space, item) => entities.get(item),
    replies: async (_space, item) =>
      all().filter((each) => each.kind === 'post' && 'parent' in each.fields && each.fields.parent === item),
    reactions: async (_space, items) => {
      const out: Record<string, { emoji: string; persons: string[] }[]> = {}
      for (const { kind, fields, by } of all() as readonly Entity<'reaction'>[]) {
        const { target, emoji, on } = fields
        if (kind !== 'reaction' || target === undefined || emoji === undefined) continue
        if (on !== true || !items.includes(target)) continue
        const of = (out[target] ??= [])
        const known = of.find((each) => each.emoji === emoji)
        if (known === undefined) of.push({ emoji, persons: [by] })
        else known.persons.push(by)
      }
      return out
    },
    history: async (_space, item) => {
      const now = entities.get(item)
      const value = now !== undefined && 'title' in now.fields ? (now.fields.title ?? '') : 'text'
      const version = { field: 'title', device: 'd', by: detail.person }
      return [
        { ...version, value, at: NOW - 60_000, counter: 9 },
        { ...version, value: 'Lamps', at: NOW - 3_600_000, counter: 4 },
      ]
    },
    restore: note('restore', undefined),
    undo: note('undo', true),
    redo: note('redo', false),
    search: async (_space, text) => {
      const words = text.toLowerCase()
      return all().flatMap((each) => {
        const { text: body = '', title = '', name = '' } = each.fields as Record<string, string | undefined>
        const said = `${title}${name}${body}`
        const at = said.toLowerCase().indexOf(words)
        if (at < 0) return []
        const end = at + words.length
        const item = `${each.kind}/${each.id}`
        return [{ item, before: said.slice(0, at), hit: said.slice(at, end), after: said.slice(end) }]
      })
    },
    markRead: note('markRead', undefined),
    unread: async () => story.unread ?? { posts: 2, 'post/a.third': 1 },
    // an empty document, as Yjs writes it
    note: async () => ({ state: new Uint8Array([0, 0]), client: 7, salt: new Uint8Array(8) }),
    restoreNote: note('restoreNote', undefined),
    typeNote: note('typeNote', undefined),
    flushNote: note('flushNote', undefined),
    noteVersions: async () => [
      { id: 'v1', at: NOW - 86_400_000, by: DETAIL.person, text: '# Order of songs\n\nFirst the tide.' },
    ],
    addFile: async (to, file, name) => {
      await note('addFile', undefined)(to, name)
      const id = `new${entities.size}`
      apply({ kind: 'file', id, set: { name, size: file.size, type: file.type } })
      files.set(id, { id, chunks: 1, of: 1, transfer: 'none', error: undefined })
      changed([`file/${id}`])
      return id
    },
    replaceFile: note('replaceFile', undefined),
    file: async (at, id) => {
      await note('file', undefined)(at, id)
      return new Blob([PREVIEW])
    },
    fetchFile: note('fetchFile', undefined),
    cancelFile: note('cancelFile', undefined),
    files: async () => [...files.values()],
    presence: async () => story.presence ?? PRESENCE,
    // where one is changes all the time: what tests look for must not drown in it
    setPresence: async () => {},
    copies: async () => copies,
    offerRepo: note('offerRepo', undefined),
    keepCopy: async (at, did, keep) => {
      await note('keepCopy', undefined)(at, did, keep)
      copies = copies.map((each) => (each.did === did ? { ...each, keptHere: keep } : each))
      told()
    },
    export: async (from, options) => {
      await note('export', undefined)(from, ...(options?.passphrase === undefined ? [] : ['sealed']))
      return {
        name: 'choir.zip',
        type: 'application/zip',
        size: PREVIEW.length,
        stream: new Blob([PREVIEW]).stream(),
      }
    },
    import: async (_file, options) => {
      await note('import', undefined)(options)
      return joined('member')
    },
    ...storyRecovery(note, emit, story.recovery),
    snapshot: async () => ({
      at: NOW,
      content: { version: 1, entities: [] },
      files: [],
    }),
    noteContent: async () => ({ markdown: '', tree: [] }),
  }
}
