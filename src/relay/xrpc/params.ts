import { parseCid } from '../../core/cid.ts'
import { isDid, isHandle, isNsid, isRecordKey, isTid } from '../../core/syntax.ts'
import { invalid } from './errors.ts'

/** Longest cursor that we hand out: a path, characters. */
const MAX_CURSOR = 1024

/** Reads and checks the parameters of one request. All throw `InvalidRequest`; unknown ones are let be. */
export interface Params {
  did(name: string): string
  /** a DID or a handle */
  repo(): string
  cid(name: string): string
  optionalCid(name: string): string | undefined
  collection(): string
  rkey(): string
  /** a rev */
  since(): string | undefined
  limit(most: number, unless: number): number
  cursor(): string | undefined
  flag(name: string): boolean
}

export function readParams(query: URLSearchParams): Params {
  /** One value: a name that comes twice has none that counts. */
  const one = (name: string): string | undefined => {
    const all = query.getAll(name)
    if (all.length > 1) throw invalid(`${name} may come once`)
    return all[0]
  }
  const must = (name: string, holds: (text: string) => boolean, what: string): string => {
    const text = one(name)
    if (text === undefined) throw invalid(`${name} is required`)
    if (!holds(text)) throw invalid(`${name} must be ${what}`)
    return text
  }
  const may = (name: string, holds: (text: string) => boolean, what: string): string | undefined =>
    one(name) === undefined ? undefined : must(name, holds, what)
  const isCid = (text: string): boolean => parseCid(text) !== undefined

  return {
    did: (name) => must(name, isDid, 'a DID'),
    repo: () => must('repo', (text) => isDid(text) || isHandle(text), 'a DID or a handle'),
    cid: (name) => must(name, isCid, 'a CID'),
    optionalCid: (name) => may(name, isCid, 'a CID'),
    collection: () => must('collection', isNsid, 'an NSID'),
    rkey: () => must('rkey', isRecordKey, 'a record key'),
    since: () => may('since', isTid, 'a rev'),
    limit(most, unless) {
      const text = may('limit', (it) => /^\d{1,6}$/.test(it), 'a whole number')
      const number = text === undefined ? unless : Number(text)
      if (number < 1 || number > most) throw invalid(`limit must be from 1 to ${most}`)
      return number
    },
    cursor: () => {
      // Some clients send it empty for the first page.
      const text = may('cursor', (it) => it.length <= MAX_CURSOR, 'one that was given out')
      return text === '' ? undefined : text
    },
    flag: (name) => may(name, (it) => it === 'true' || it === 'false', 'true or false') === 'true',
  }
}
