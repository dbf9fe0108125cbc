import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const folder = new URL('./', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')

/** The one file in which a transaction is ever open. */
const HOME = 'transactions.ts'

/**
 * What may follow `await` there: a request on a store or cursor, several of them together, or the end
 * of the transaction. `reads` and `end` are checked to be that by the test below.
 */
const ALLOWED = [
  /^wrap\(store\.(getAllKeys|count)\(/,
  /^walked\(db, name\)\.open(Key)?Cursor\(/,
  /^cursor\.continue\(\)/,
  /^Promise\.all\(keys\.map\(\(key\) => wrap\(store\.get\(key\)\)\)\)/,
  /^Promise\.all\(\[\s+wrap\(store\.getAllKeys\(query, count\)\),\s+wrap\(store\.getAll\(query, count\)\),\s+\]\)/,
  /^Promise\.all\(reads\)/,
  /^end\n/,
]

/** What makes a promise that is not a request's, or runs later. */
const FORBIDDEN =
  /\basync \(|\.then\(|\bsetTimeout|\bqueueMicrotask|\bfetch\(|\bcrypto\.|\.arrayBuffer\(|\bfor await/

/** Everything in `source` that breaks the rule, as the lines that do. */
function violations(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const found: string[] = []
  for (const match of code.matchAll(/\bawait\s+/g)) {
    const rest = code.slice(match.index + match[0].length)
    if (!ALLOWED.some((pattern) => pattern.test(rest))) found.push(rest.split('\n')[0] ?? '')
  }
  for (const line of code.split('\n')) if (FORBIDDEN.test(line)) found.push(line.trim())
  return found
}

describe('transactions of the IndexedDB adapter', () => {
  it('are opened in one file only', () => {
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.includes('.test.'))
    expect(sources).toContain(HOME)
    const openers = sources.filter((name) => /\.transaction\b|\.transaction</.test(read(name)))
    expect(openers).toEqual([HOME])
    // The shortcuts of idb open a transaction as well.
    const shortcuts = sources.filter((name) =>
      /\b(db|database)\.(get|put|add|delete|clear|count|getAll)\w*\(/.test(read(name)),
    )
    expect(shortcuts).toEqual([])
  })

  it('await nothing but IndexedDB requests', () => {
    const source = read(HOME)
    expect(violations(source)).toEqual([])
    expect(source.match(/\bawait\b/g)?.length).toBeGreaterThan(5)
    expect(source).toContain(
      'const reads = guards.map((guard) => wrap(tx.objectStore(guard.table).get(guard.key)))\n',
    )
    expect(source).toContain('const end = endOf(tx)\n')
  })

  it('import no code that could wait for something else', () => {
    const values = [...read(HOME).matchAll(/^import (?!type).* from '(.*)'$/gm)].map((match) => match[1])
    expect(values).toEqual(['idb', '../errors.ts', '../key-rules.ts'])
    expect(read(HOME)).toContain(
      "import { type IDBPDatabase, type IDBPObjectStore, unwrap, wrap } from 'idb'\n",
    )
  })

  it.each([
    ['a digest', "const hash = await crypto.subtle.digest('SHA-256', bytes)\n"],
    ['a Blob', 'const bytes = await blob.arrayBuffer()\n'],
    ['a function of ours', 'await pack(op)\n'],
    ['a batch with a stranger', 'await Promise.all([store.getAllKeys(query, count), fetch(url)])\n'],
    ['a chain', 'store.get(key).then(next)\n'],
  ])('would not get away with %s', (_what, line) => {
    expect(violations(line)).not.toEqual([])
  })
})
