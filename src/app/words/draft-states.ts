import type { Draft } from '../../cairn/api.ts'
import type { Tone } from '../lib/repo-status.ts'
import { recordWords } from './writing-notes.ts'

/** How it stands with a draft: a few words for the pill, and a sentence. */
export function draftState(draft: Draft): {
  readonly tone: Tone
  readonly short: string
  readonly long: string
} {
  switch (draft.status) {
    case 'held':
      return { tone: 'quiet', short: 'draft', long: 'Kept here until you send it.' }
    case 'waiting':
      return { tone: 'behind', short: 'unsent', long: 'Goes as soon as its server can be reached.' }
    case 'blocked':
      return {
        tone: 'behind',
        short: 'unsent',
        long: `Goes after ${recordWords(draft.waitsFor ?? '')} that it belongs to, which is held up.`,
      }
    case 'sending':
      return {
        tone: 'behind',
        short: 'on its way',
        long: 'The server was asked. Whether it arrived is known when the repository can be read again.',
      }
    case 'sent':
      return {
        tone: 'behind',
        short: 'sent',
        long: 'The server has taken it. It becomes a record here when its signed repository holds it.',
      }
    case 'conflict':
      return {
        tone: 'bad',
        short: 'changed elsewhere',
        long: 'The record is not what it was when you wrote this. Choose what it is to be.',
      }
    case 'refused':
      return { tone: 'bad', short: 'refused', long: 'The server will not have it as it is.' }
  }
}

/** What it will do: “New post”, “Edited profile”. */
export function draftTitle({ action, path }: Pick<Draft, 'action' | 'path'>): string {
  const what = recordWords(path).replace(/^an? /, '')
  switch (action) {
    case 'create':
      return `New ${what}`
    case 'update':
      return `Edited ${what}`
    case 'delete':
      return `Deletes ${what === 'record' ? 'a record' : recordWords(path)}`
  }
}
