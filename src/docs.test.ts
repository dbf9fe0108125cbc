import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DIRECTORY_LIMITS } from './net/directory/limits.ts'
import { CHANNEL_LIMITS } from './net/events/model.ts'
import { defaultLimits as networkerLimits } from './net/networker/limits.ts'
import { DEFAULT_STORE_LIMITS } from './relay/keeping.ts'
import { defaultLimits as relayLimits } from './relay/limits.ts'
import { LIMITS as agreementLimits } from './sync/agreements/model.ts'
import { DIGESTS_LIMITS } from './sync/digests/serve.ts'
import { PACKS_LIMITS } from './sync/packs/serve.ts'
import { PAGES_LIMITS } from './sync/pages/serve.ts'
import { FETCH_LIMITS } from './sync/repo-sync/fetch.ts'
import { SERVE_LIMITS } from './sync/repo-sync/serve.ts'
import { SPACE_LIMITS } from './sync/spaces/serve-model.ts'

const src = dirname(fileURLToPath(import.meta.url))
const root = dirname(src)
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const pages = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** Limits that are objects, by the heading of `docs/limits.md` under which they stand. */
const tables: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Relay: relayLimits,
  Store: { ...DEFAULT_STORE_LIMITS },
  Directory: { ...DIRECTORY_LIMITS },
  Networker: { ...networkerLimits },
  'Event channels': { ...CHANNEL_LIMITS },
  'Repo sync: serving': { ...SERVE_LIMITS },
  'Repo sync: asking': { ...FETCH_LIMITS },
  'Repo pages': { ...PAGES_LIMITS },
  'Sync packs': { ...PACKS_LIMITS },
  'Space sync: serving': { ...SPACE_LIMITS },
  'Digests of many heads': { ...DIGESTS_LIMITS },
  Agreements: agreementLimits,
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  days: 86_400_000,
}

/** `1,500 ms` as a number. */
function amountOf(text: string): number {
  const [, digits, unit = ''] = /^([\d,]+)(?: (\w+))?$/.exec(text) ?? []
  const factor = units[unit]
  if (digits === undefined || factor === undefined) throw new Error(`no amount: ${text}`)
  return Number(digits.replaceAll(',', '')) * factor
}

/** Products and shifts of numbers, as constants are written. */
function valueOf(expression: string): number {
  const [left = '', shift] = expression.split('<<')
  const product = left
    .split(/(?<!\*)\*(?!\*)/)
    .reduce((all, factor) => all * Number(factor.replaceAll('_', '')), 1)
  return shift === undefined ? product : product << Number(shift)
}

interface Section {
  readonly name: string
  /** cells of table rows whose first one is a `name` */
  readonly rows: readonly (readonly string[])[]
}

const sections: Section[] = read('docs/limits.md')
  .split(/^## /m)
  .map((text) => ({
    name: text.split('\n', 1)[0] ?? '',
    rows: text
      .split('\n')
      .filter((line) => /^\| `\w+` \|/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('`', '')),
      ),
  }))

describe('docs/limits.md', () => {
  it.each(Object.entries(tables))('has every limit of %s, and its number', (name, limits) => {
    const rows = sections.find((section) => section.name === name)?.rows ?? []
    const told = rows
      .filter((row) => row.length === 3)
      .map(([limit = '', amount = '']) => [limit, amountOf(amount)])
    expect(Object.fromEntries(told)).toEqual(limits)
  })

  const constants = sections.flatMap(({ rows }) => rows.filter((row) => row.length === 4))
  it.each(constants)('has the number of %s in %s', (name, file, amount = '') => {
    const [, expression = ''] =
      new RegExp(`^\\s*(?:export )?const ${name} = ([^\\n/]+)$`, 'm').exec(read(`src/${file}`)) ?? []
    expect(valueOf(expression)).toBe(amountOf(amount))
  })
})

describe('docs', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].flatMap(([, link = '']) =>
      /^https?:/.test(link) ? [] : [link],
    )
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })

  it.each(pages)('%s names files that are there', (page) => {
    const named = [...read(page).matchAll(/`((?:src|scripts|docs|e2e|bench)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    )
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('has every protocol that is spoken', () => {
    const spoken = new Set<string>()
    for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || /\.test\.ts$|(^|\/)testing\//.test(file.replaceAll('\\', '/'))) continue
      for (const [, id = ''] of readFileSync(join(src, file), 'utf8').matchAll(
        /'(\/(?:cairn|p2pds)\/[\w-]+\/\d+\.\d+\.\d+)'/g,
      ))
        spoken.add(id)
    }
    const page = read('docs/protocols.md')
    expect(spoken.size).toBeGreaterThan(8)
    expect([...spoken].filter((id) => !page.includes(id))).toEqual([])
  })

  it('names tests that are there for each of the 28 messages', () => {
    const tests = ['relayed-dht', 'directory'].flatMap((room) =>
      readdirSync(join(src, 'net', room))
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => readFileSync(join(src, 'net', room, name), 'utf8')),
    )
    const rows = [...read('docs/relayed-dht.md').matchAll(/^\| \d+ \|.*\| ([^|]+) \|$/gm)]
    expect(rows).toHaveLength(28)
    const named = rows.flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    )
    expect(named.filter((name) => !tests.some((text) => text.includes(`'${name}'`)))).toEqual([])
  })
})
