import type { Accounts, Activity, Cairn, Device, Library, Moving, Network, Spaces, Writing } from './api.ts'

/**
 * The methods that may be called across a port, by room. Written out, and checked against the API by
 * the compiler both ways, so that a message can never name anything but these.
 */
const library = {
  list: true,
  get: true,
  prepare: true,
  backup: true,
  importFile: true,
  fetchBlobs: true,
  skipBlob: true,
  verify: true,
  cancel: true,
  resume: true,
  discardUnfinished: true,
  snapshots: true,
  changes: true,
  records: true,
  record: true,
  versions: true,
  proofCar: true,
  blobs: true,
  blob: true,
  search: true,
  exportRepo: true,
  setRetention: true,
  deleteSnapshot: true,
  deleteRepo: true,
  partials: true,
  readPartial: true,
  deletePartial: true,
} satisfies Record<keyof Library, true>

const activity = { list: true, jobs: true, clear: true } satisfies Record<keyof Activity, true>

const device = {
  storage: true,
  settings: true,
  setSettings: true,
  persistAsked: true,
  wipe: true,
} satisfies Record<keyof Device, true>

const network = {
  status: true,
  settings: true,
  setSettings: true,
  catchUp: true,
  addRelay: true,
  removeRelay: true,
  namePeer: true,
  copies: true,
  challenge: true,
  listed: true,
  setListed: true,
  keepLink: true,
  keep: true,
  keepAtStore: true,
  keepCollection: true,
  agreements: true,
  offer: true,
  accept: true,
  endAgreement: true,
  published: true,
  publish: true,
  endPublished: true,
  findPublished: true,
  consent: true,
  setConsent: true,
} satisfies Record<keyof Network, true>

const spaces = {
  list: true,
  get: true,
  create: true,
  forget: true,
  leave: true,
  preview: true,
  join: true,
  links: true,
  makeLink: true,
  revokeLink: true,
  requests: true,
  admit: true,
  decline: true,
  setRole: true,
  removePerson: true,
  removeDevice: true,
  setSuccessor: true,
  succeed: true,
  deviceLink: true,
  joinDevice: true,
  setAccount: true,
  accountRecord: true,
  checkAccount: true,
  hide: true,
  edit: true,
  entities: true,
  entity: true,
  replies: true,
  reactions: true,
  history: true,
  restore: true,
  undo: true,
  redo: true,
  search: true,
  markRead: true,
  unread: true,
  note: true,
  typeNote: true,
  flushNote: true,
  noteVersions: true,
  restoreNote: true,
  addFile: true,
  replaceFile: true,
  file: true,
  fetchFile: true,
  cancelFile: true,
  files: true,
  presence: true,
  setPresence: true,
  copies: true,
  offerRepo: true,
  keepCopy: true,
  snapshot: true,
  noteContent: true,
  export: true,
  import: true,
  recovery: true,
  makeRecovery: true,
  confirmRecovery: true,
  recoveryFile: true,
  recover: true,
} satisfies Record<keyof Spaces, true>

const accounts = {
  list: true,
  leaving: true,
  begin: true,
  finish: true,
  signInWithPassword: true,
  signOut: true,
} satisfies Record<keyof Accounts, true>

const writing = {
  queue: true,
  counts: true,
  draft: true,
  save: true,
  discard: true,
  insist: true,
  send: true,
  richText: true,
  check: true,
} satisfies Record<keyof Writing, true>

const moving = {
  list: true,
  get: true,
  standing: true,
  makeKey: true,
  checkKey: true,
  requestCode: true,
  addKey: true,
  exportPrivate: true,
  privateFile: true,
  takePrivate: true,
  takeFile: true,
  server: true,
  plan: true,
  begin: true,
  go: true,
  stop: true,
  withoutBlobs: true,
  forget: true,
} satisfies Record<keyof Moving, true>

const ROOMS = { library, activity, device, network, spaces, accounts, writing, moving } as const

export type Room = keyof typeof ROOMS

/** Method names of one room of the API. */
export function methodsOf(room: Room): readonly string[] {
  return Object.keys(ROOMS[room])
}

/** Finds `library.records` and the like on `cairn`; undefined for any path that is not in the API. */
export function methodAt(cairn: Cairn, path: string): ((...args: unknown[]) => unknown) | undefined {
  if (path === 'close') return () => cairn.close()
  const dot = path.indexOf('.')
  const room = path.slice(0, dot)
  const name = path.slice(dot + 1)
  if (!isRoom(room) || !Object.hasOwn(ROOMS[room], name)) return undefined
  const target: object = cairn[room]
  const method: unknown = Reflect.get(target, name)
  return typeof method === 'function' ? (...args) => Reflect.apply(method, target, args) : undefined
}

function isRoom(name: string): name is Room {
  return Object.hasOwn(ROOMS, name)
}
