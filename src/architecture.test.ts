import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync, Visitor } from 'vite'
import { describe, expect, it } from 'vitest'

/** Which floor each room is on (docs/architecture.md). A room imports only from lower floors. */
const floors: Readonly<Record<string, number>> = {
  app: 6,
  worker: 6,
  relay: 6,
  cairn: 5,
  sync: 4,
  spaces: 4,
  net: 3,
  pds: 3,
  storage: 3,
  repo: 2,
  pack: 2,
  core: 1,
}

/** Rooms that run unchanged in page, worker, service worker and Node. */
const pure = ['core', 'repo', 'pack']

/** What screens must reach through the API of `cairn` only. */
const keptFromScreens =
  /^(idb$|libp2p$|@libp2p\/|@multiformats\/|@atproto\/|@atcute\/|classic-level$|hash-wasm$|@noble\/|node:)/

/** Globals that give a host, the time or chance. `crypto.subtle` is allowed: it verifies. */
const hostGlobals = new Set(
  (
    'document window self navigator location localStorage sessionStorage indexedDB caches fetch XMLHttpRequest ' +
    'WebSocket Worker BroadcastChannel process Buffer require setTimeout setInterval setImmediate ' +
    'requestAnimationFrame performance'
  ).split(' '),
)
const hostMembers = new Set(['Date.now', 'Math.random', 'crypto.getRandomValues', 'crypto.randomUUID'])

const longest = 300

interface Source {
  /** from `src/`, with slashes */
  readonly path: string
  readonly room: string
  readonly text: string
  /** may import anything and run anywhere: tests and what only tests use */
  readonly forTests: boolean
  /** project files by path from `src/`, packages by name */
  readonly imports: readonly string[]
}

const src = dirname(fileURLToPath(import.meta.url))

function readSource(file: string): Source {
  const path = relative(src, file).split(sep).join('/')
  const text = readFileSync(file, 'utf8')
  const { module, program } = parseSync(file, text)
  const asked = [
    ...module.staticImports.map((item) => item.moduleRequest.value),
    ...module.staticExports.flatMap((item) =>
      item.entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
    ),
  ]
  new Visitor({
    ImportExpression(node) {
      // A computed import would hide what it loads from this test.
      asked.push(node.source.type === 'Literal' ? String(node.source.value) : 'computed import')
    },
  }).visit(program)
  return {
    path,
    room: path.split('/')[0] ?? '',
    text,
    forTests: /\.test\.tsx?$|(^|\/)(testing|compliance)\/|(^|\/)compliance\.ts$/.test(path),
    imports: asked.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name)),
  }
}

const sources = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
  .map((entry) => readSource(join(entry.parentPath, entry.name)))
const shipped = sources.filter((source) => !source.forTests)

const roomOf = (path: string): string | undefined => {
  const room = path.split('/')[0] ?? ''
  return room in floors ? room : undefined
}

/** Imports that break the rule of floors, as `importer -> imported`. */
function wrongWays(list: readonly Source[]): string[] {
  return list.flatMap(({ path, room, imports }) =>
    imports
      .filter((target) => {
        const other = roomOf(target)
        return other !== undefined && other !== room && (floors[other] ?? 0) >= (floors[room] ?? 0)
      })
      .map((target) => `${path} -> ${target}`),
  )
}

/** The host's things that a file reaches for. A name that the file binds itself is its own. */
function hostUses(name: string, text: string): string[] {
  const bound = new Set<string>()
  const used: string[] = []
  const bind = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || !('type' in node)) return
    if (node.type === 'Identifier' && 'name' in node) bound.add(String(node.name))
    else if (node.type === 'ObjectPattern' && 'properties' in node) each(node.properties, bind)
    else if (node.type === 'ArrayPattern' && 'elements' in node) each(node.elements, bind)
    else if (node.type === 'Property' && 'value' in node) bind(node.value)
    else if (node.type === 'AssignmentPattern' && 'left' in node) bind(node.left)
    else if (node.type === 'RestElement' && 'argument' in node) bind(node.argument)
  }
  const bindAll = (node: { readonly params: readonly unknown[] }): void => each(node.params, bind)
  const { program } = parseSync(name, text)
  new Visitor({
    VariableDeclarator: (node) => bind(node.id),
    FunctionDeclaration: bindAll,
    FunctionExpression: bindAll,
    ArrowFunctionExpression: bindAll,
    ImportSpecifier: (node) => bind(node.local),
  }).visit(program)
  new Visitor({
    MemberExpression(node) {
      if (node.object.type !== 'Identifier' || node.property.type !== 'Identifier') return
      const { name: object } = node.object
      if (bound.has(object)) return
      if (hostGlobals.has(object)) used.push(object)
      const member = object === 'globalThis' ? node.property.name : `${object}.${node.property.name}`
      if (hostGlobals.has(member) || hostMembers.has(member)) used.push(member)
    },
    CallExpression(node) {
      const { callee } = node
      if (callee.type === 'Identifier' && hostGlobals.has(callee.name) && !bound.has(callee.name))
        used.push(callee.name)
    },
    NewExpression(node) {
      if (node.callee.type !== 'Identifier') return
      const { name: made } = node.callee
      if (hostGlobals.has(made) && !bound.has(made)) used.push(`new ${made}`)
      if (made === 'Date' && node.arguments.length === 0) used.push('new Date()')
    },
  }).visit(program)
  return used
}

function each(list: unknown, visit: (item: unknown) => void): void {
  if (Array.isArray(list)) for (const item of list) visit(item)
}

describe('the rooms', () => {
  it('hold every source file', () => {
    const aboutAll = ['architecture.test.ts', 'docs.test.ts']
    const homeless = sources.filter(({ path, room }) => !(room in floors) && !aboutAll.includes(path))
    expect(homeless.map(({ path }) => path)).toEqual([])
  })

  it('import only from lower floors', () => {
    expect(wrongWays(shipped)).toEqual([])
  })

  it('ship nothing that only tests use', () => {
    const testOnly = /(^|\/)(testing|compliance)\/|\.test\.tsx?$|^(vitest|fast-check|@playwright\/test)$/
    const leaks = shipped.flatMap(({ path, imports }) =>
      imports.filter((target) => testOnly.test(target)).map((target) => `${path} -> ${target}`),
    )
    expect(leaks).toEqual([])
  })

  it('compute no import', () => {
    expect(
      shipped.filter(({ imports }) => imports.includes('computed import')).map(({ path }) => path),
    ).toEqual([])
  })

  it('keep the wires and the database from the screens', () => {
    const leaks = shipped
      .filter(({ room }) => room === 'app')
      .flatMap(({ path, imports }) =>
        imports.filter((name) => keptFromScreens.test(name)).map((name) => `${path} -> ${name}`),
      )
    expect(leaks).toEqual([])
  })

  it('open database transactions in one place', () => {
    const elsewhere = shipped.filter(
      ({ path, text }) =>
        /\bdb\.transaction\b|\.transaction\(/.test(text) && !path.startsWith('storage/indexeddb/'),
    )
    expect(elsewhere.map(({ path }) => path)).toEqual([])
  })

  it('on the first two floors are pure', () => {
    const impure = shipped
      .filter(({ room }) => pure.includes(room))
      .flatMap(({ path, text, imports }) => [
        ...hostUses(path, text).map((use) => `${path}: ${use}`),
        ...imports.filter((name) => name.startsWith('node:')).map((name) => `${path} -> ${name}`),
      ])
    expect(impure).toEqual([])
  })

  it(`have no file over ${longest} lines`, () => {
    const long = sources
      .filter(({ path }) => !/\.test\.tsx?$/.test(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > longest)
    expect(long).toEqual([])
  })
})

describe('this test', () => {
  const source = (path: string, ...imports: string[]): Source => {
    return { path, room: path.split('/')[0] ?? '', text: '', forTests: false, imports }
  }

  it('sees a wrong way up, and one across', () => {
    const list = [
      source('repo/a.ts', 'core/b.ts', 'repo/c.ts', 'valibot'),
      source('repo/d.ts', 'pack/e.ts'),
      source('core/f.ts', 'storage/g.ts'),
      source('app/h.ts', 'worker/i.ts', 'core/f.ts'),
    ]
    expect(wrongWays(list)).toEqual([
      'repo/d.ts -> pack/e.ts',
      'core/f.ts -> storage/g.ts',
      'app/h.ts -> worker/i.ts',
    ])
  })

  it('reads every kind of import', () => {
    const self = sources.find(({ path }) => path === 'architecture.test.ts')
    expect(self?.imports).toEqual(['node:fs', 'node:path', 'node:url', 'vite', 'vitest'])
    expect(
      shipped.flatMap(({ imports }) => imports).filter((name) => name === 'core/errors.ts').length,
    ).toBeGreaterThan(3)
  })

  it.each([
    ['const t = Date.now()', ['Date.now']],
    ['const t = new Date()', ['new Date()']],
    ['const t = new Date(0)', []],
    ['document.title = "x"', ['document']],
    ['function f(document: Doc) { return document.id }', []],
    ['const f = ({ window }: W) => window.size', []],
    ['globalThis.setTimeout(f, 1)', ['setTimeout']],
    ['setTimeout(f, 1)', ['setTimeout']],
    ['new WebSocket("")', ['new WebSocket']],
    ['crypto.subtle.digest("SHA-256", bytes)', []],
    ['crypto.randomUUID()', ['crypto.randomUUID']],
    ['// Date.now()\nconst s = "Math.random()"', []],
  ])('judges %j', (text, uses) => {
    expect(hostUses('case.ts', text)).toEqual(uses)
  })
})
