import { expect, type Locator, type Page } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { collectionHref, recordHref, repoHref, type RepoTab } from '../src/app/lib/routes.ts'

export interface Urls {
  readonly app: string
  readonly pds: string
  readonly plc: string
}

/** A tab of Cairn and what a person does in it, by the names that the person sees. */
export interface CairnPage {
  readonly page: Page
  readonly title: Locator
  open(path?: string): Promise<void>
  openRepo(did: string, tab?: RepoTab): Promise<void>
  openCollection(did: string, collection: string): Promise<void>
  openRecord(did: string, path: string): Promise<void>
  /** Opens Settings and points every endpoint at the local servers. */
  setUp(): Promise<void>
  /** Types a handle or DID on the Library and asks for a backup; does not wait for its end. */
  add(input: string): Promise<void>
  /** Backs up and waits until the repo is there with this many records. */
  backUp(account: { did: string; handle: string }, records: number): Promise<void>
  /** Chooses a file with the Library's picker. */
  addFile(file: { name: string; bytes: Uint8Array }): Promise<void>
  /** the alert or status that carries this sentence */
  sentence(text: string): Locator
  /** Exports from the repo's Export tab; gives the downloaded file. */
  exportAs(did: string, format: 'CAR' | 'zip' | 'JSON lines'): Promise<{ name: string; bytes: Buffer }>
}
