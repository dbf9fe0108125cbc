import { collectionName } from '../lib/collections.ts'
import { formatNumber, plural } from '../lib/format.ts'
import { peerLabel } from '../lib/network.ts'
import type { Rung } from '../../sync/peers/model.ts'
import { wordsFor } from '../words.ts'
import { changes, records } from './counts.ts'
import { number, text, type Fields } from './shape.ts'

/** How it came, as the end of "… came from Ben's phone". */
const HOW: Readonly<Record<Rung, string>> = {
  pack: 'as a list of changes',
  difference: 'by comparing both copies',
  http: 'as one download',
  pages: 'page by page',
  'repo-sync': 'as one stream',
}

/** What was tried before, as a sentence of its own. */
const FIRST: Readonly<Record<Rung | 'server', string>> = {
  server: 'Its own server was asked first.',
  pack: 'A list of changes was asked for first.',
  difference: 'Both copies were compared first.',
  http: 'A download was tried first.',
  pages: 'Pages were asked for first.',
  'repo-sync': 'One stream was tried first.',
}
/** More of them than this nobody reads. */
const MAX_TOLD = 3

/** What the peer of an entry is called; undefined when the entry names none. */
export function nameOfPeer(fields: Fields): string | undefined {
  const peer = text(fields, 'peer', '')
  if (peer === '') return undefined
  const url = text(fields, 'url', '')
  return peerLabel(peer, text(fields, 'peerName', ''), url === '' ? [] : [{ peer, url }])
}

/** What came from someone else's copy, whose that is, and how it came. */
export function pulledSentence(fields: Fields, name: string): string {
  const who = nameOfPeer(fields)
  if (fields['changed'] === false) {
    const where = who === undefined ? `A copy of ${name}` : `The copy of ${name} on ${who}`
    return `${where} was looked at; nothing in it is new.`
  }
  const rung = text(fields, 'rung', '')
  const how = has(HOW, rung) ? `, ${HOW[rung]}` : ''
  const came = `came from ${who ?? 'another copy'}${how}`
  const collection = text(fields, 'collection', '')
  if (collection !== '') {
    const count = number(fields, 'records')
    const many = count === undefined ? '' : `: ${plural(count, 'record')}`
    return `${collectionName(collection)} of ${name} ${came}${many}.`
  }
  const added = number(fields, 'added') ?? 0
  const others = (number(fields, 'updated') ?? 0) + (number(fields, 'deleted') ?? 0)
  if (added > 0 && others === 0) return `${plural(added, 'new record')} of ${name} ${came}.`
  return `${name} ${came}${changes(fields) || records(fields)}.`
}

/** How many of the blobs that were fetched others gave, within a sentence; empty when none. */
export function cameFrom(fields: Fields): string {
  const count = number(fields, 'fromPeers') ?? 0
  if (count === 0) return ''
  const who = nameOfPeer(fields) ?? 'other copies'
  return count === number(fields, 'fetched') ? ` from ${who}` : `, ${formatNumber(count)} from ${who}`
}

/** Why nothing better was done: what was tried first, and that it went on with what was cut off. */
export function triedBefore(fields: Fields): string | undefined {
  const { tried } = fields
  const attempts: unknown[] = Array.isArray(tried) ? tried : []
  const said = attempts.slice(0, MAX_TOLD).flatMap((it) => (isFields(it) ? attempt(it) : []))
  if (fields['resumed'] === true) said.push('An earlier transfer was cut off; this one went on from there.')
  return said.length === 0 ? undefined : said.join(' ')
}

function attempt(fields: Fields): string[] {
  const { code, name } = fields
  if (typeof code !== 'string') return []
  const rung = text(fields, 'rung', '')
  const who = nameOfPeer({ peer: fields['peer'], peerName: name })
  const first = has(FIRST, rung) ? FIRST[rung] : `${who ?? 'Another copy'} was asked first.`
  return [`${first} ${wordsFor(code, {}).title}`]
}

const has = <K extends string>(table: Readonly<Record<K, string>>, key: string): key is K =>
  Object.hasOwn(table, key)

/** An entry may be of another version of Cairn: its fields are looked at one by one. */
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
