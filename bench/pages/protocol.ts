/** What the Node side may ask of the page's worker, and what comes back. All of it is cloneable. */
export interface Tasks {
  /** hashes every block and puts the same bytes as 1 MB values, at once */
  floorImport: { input: CarInput; output: { hashed: number; stored: number } }
  /** another library decodes every record, unverified, while the bytes are put as 1 MB values */
  atcuteImport: { input: CarInput; output: { records: number } }
  /** one IndexedDB row a block */
  rowImport: { input: CarInput; output: { rows: number } }
  /** the product's importer */
  ourImport: { input: OurImportInput; output: { records: number; bytes: number } }
  /** puts bytes of this size as one value, for `floorOpen` in a later browser */
  floorKeep: { input: { bytes: number }; output: { bytes: number } }
  /** opens a bare database and reads that value */
  floorOpen: { input: Record<string, never>; output: { bytes: number } }
  /** opens the product's database and reads the newest records of a collection of the head */
  ourOpen: { input: ScreenInput; output: ReadCount }
  /** reads single records, each with nothing kept in memory from the one before */
  ourRecords: {
    input: { did: string; paths: readonly string[] }
    output: readonly (ReadCount & { ms: number })[]
  }
  /** applies updates of one record each */
  ourUpdates: { input: UpdatesInput; output: readonly { ms: number; written: number }[] }
  /** puts each update's bytes as one value */
  floorUpdates: { input: { urls: readonly string[] }; output: readonly { ms: number }[] }
  /** builds the product's search index of the head */
  ourIndex: { input: { did: string }; output: { written: number } }
  /** types words letter by letter into the product's search */
  ourSearch: { input: WordsInput; output: readonly Keystroke[] }
  /** the same by looking through every text */
  scanSearch: { input: WordsInput; output: readonly Keystroke[] }
  /** takes a repo in whole, through the engine */
  keepBase: { input: CatchupInput; output: CaughtUp }
  /** takes what a PDS answers to `since`, through the engine */
  catchUpByCar: { input: CatchupInput; output: CaughtUp }
  /** the same by all that the engine asks a PDS for */
  catchUpByBackup: { input: CatchupInput; output: CaughtUp }
  /** asks for a pack and takes it, through the engine */
  catchUpByPack: { input: CatchupInput; output: CaughtUp }
  /** makes a space with this in it, in the product's database */
  keepSpace: { input: { entities: number; members: number }; output: { space: string } }
  /** starts the engine and reads what the screens of a space show */
  ourSpace: { input: { space: string }; output: { entities: number; members: number } }
  /** reads the sealed records of the database and decrypts them */
  floorSpace: { input: Record<string, never>; output: { records: number; bytes: number } }
  /** two vaults that were apart for a day bring each other in step */
  ourMerge: { input: DayInput; output: DayMerged }
  /** two Yjs documents take each other's flushes in */
  yjsMerge: { input: DayInput; output: DayMerged }
  /** two automerge repos sync */
  automergeMerge: { input: DayInput; output: DayMerged }
  /** types for an hour or so, and counts what is stored of it */
  ourHour: { input: { keys: number }; output: Typed }
}

export interface Typed {
  /** bytes that the editor's own updates have, one by one */
  readonly updates: number
  readonly flushes: number
  /** bytes handed to the database in all */
  readonly written: number
  /** bytes more in it than before: while the note is open, and when it was left */
  readonly storedOpen: number
  readonly stored: number
}

/** Edits of both sides together. */
export interface DayInput {
  readonly textEdits: number
  readonly fieldEdits: number
}

export interface DayMerged {
  /** flushes of text, and edits of fields */
  readonly steps: number
  /** of the note, as it came out */
  readonly characters: number
}

export interface CatchupInput {
  readonly did: string
  /** where identities are asked for */
  readonly plc: string
  /** of a CAR, or of `/sync` */
  readonly url: string
  /** before it begins, as the app does after a start */
  readonly rehearses: boolean
}

export interface CaughtUp {
  /** of the head by then */
  readonly rev: string | undefined
  readonly bytes: number
}

export interface WordsInput {
  readonly did: string
  readonly words: readonly string[]
}

export interface Keystroke {
  readonly text: string
  readonly ms: number
  readonly hits: number
}

export interface ScreenInput {
  readonly did: string
  readonly collection: string
  readonly records: number
}

export interface ReadCount {
  readonly records: number
  /** bytes of the records */
  readonly recordBytes: number
  /** bytes that the storage handed over, rows included */
  readonly bytesRead: number
}

export interface UpdatesInput {
  readonly did: string
  readonly didKey: string
  readonly urls: readonly string[]
}

export interface CarInput {
  /** where the CAR is served */
  readonly url: string
  /** read from the network while working, instead of from memory */
  readonly stream?: boolean
  /** so many times before, into databases of their own: what is measured then is code that the engine has compiled */
  readonly before?: number
}

export interface OurImportInput extends CarInput {
  readonly did: string
  readonly didKey: string
  /** as the app does when a person turns to what asks for a repo */
  readonly rehearsed?: boolean
}

export type TaskName = keyof Tasks

export interface TaskResult<N extends TaskName> {
  /** time from the first byte offered to the last byte durable */
  readonly ms: number
  readonly output: Tasks[N]['output']
  /** tasks over 50 ms on the page's own thread meanwhile, in ms */
  readonly longTasks: readonly number[]
}

export interface BenchGlobal {
  run<N extends TaskName>(name: N, input: Tasks[N]['input']): Promise<TaskResult<N>>
}

declare global {
  // `var`, because only that declares a property of globalThis
  var bench: BenchGlobal
  /** of the Node side, where it has something to do before the measured part */
  var benchPrepared: (() => Promise<void>) | undefined
}
