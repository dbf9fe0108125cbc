import { addBit, addBits, type Bits, createBits, hasBit } from './bits.ts'
import { MembersError } from './errors.ts'
import type { Operation } from './model.ts'
import type { SignedOperation } from './operation.ts'
import { enrolmentOf, indexOf, linkOf, namedBy, roleChangeOf } from './subjects.ts'

/** An operation in its place. Parents have lower indexes than their children. */
export interface Node {
  readonly index: number
  readonly cid: string
  readonly bytes: Uint8Array
  readonly operation: Operation
  /** indexes of all its ancestors, itself not among them */
  readonly seen: Bits
}

/** What the rules ask about one person. */
interface PersonIndex {
  /** what gives or lowers the person's role */
  readonly roles: Node[]
  readonly enrolments: Map<string, Node[]>
  readonly drops: Map<string, Node[]>
}

/** What is known of one link key. */
export interface LinkIndex {
  /** the operations that made it: two with one key are two links that close together */
  readonly made: readonly Node[]
  readonly joins: readonly Node[]
  readonly closings: readonly Node[]
}

export interface Graph {
  readonly space: string
  readonly nodes: readonly Node[]
  /** with an authority's signature */
  readonly authority: readonly Node[]
  readonly get: (cid: string) => Node | undefined
  /** CIDs of operations that no other has as a parent, ascending */
  readonly heads: () => string[]
  readonly person: (person: string) => PersonIndex | undefined
  readonly persons: () => Iterable<string>
  /** persons to whom a device was ever put */
  readonly personsOf: (device: string) => readonly string[]
  readonly devices: () => Iterable<string>
  readonly freezes: (device: string) => readonly Node[]
  /** by the link's `did:key` */
  readonly link: (key: string) => LinkIndex | undefined
  readonly links: () => Iterable<LinkIndex>
  /** what was done to a device, or to the person named for it, by others than joins */
  readonly naming: (device: string) => readonly Node[]
  readonly hides: () => Iterable<readonly [string, readonly Node[]]>
  readonly by: (author: string) => readonly Node[]
  /** the operations of an author with one number: more than one are a fork */
  readonly at: (author: string, seq: number) => readonly Node[]
  readonly forks: () => Iterable<readonly Node[]>
  /** A node for an operation whose parents are in. Throws `members.parents`, `members.sequence`. */
  readonly place: (signed: SignedOperation) => Node
  /** Takes in what was placed last. */
  readonly push: (node: Node) => void
}

const LISTS = { link: 'made', join: 'joins', close: 'closings' } as const

/** The operations of a space and who is behind whom. Judges nothing but numbers and parents. */
export function createGraph(space: string): Graph {
  const nodes: Node[] = []
  const authority: Node[] = []
  const cids = new Map<string, Node>()
  const heads = new Set<string>()
  const persons = new Map<string, PersonIndex>()
  const personsOf = new Map<string, string[]>()
  const freezes = new Map<string, Node[]>()
  const links = new Map<string, { made: Node[]; joins: Node[]; closings: Node[] }>()
  const naming = new Map<string, Node[]>()
  const hides = new Map<string, Node[]>()
  const authors = new Map<string, Node[]>()
  const numbers = new Map<string, Node[]>()
  const forks = new Map<string, Node[]>()

  const person = (name: string): PersonIndex =>
    indexOf(persons, name, () => ({ roles: [], enrolments: new Map(), drops: new Map() }))
  const append = (map: Map<string, Node[]>, key: string, node: Node): void => {
    indexOf(map, key, () => []).push(node)
  }

  function place({ operation, bytes, cid }: SignedOperation): Node {
    const seen = createBits(nodes.length)
    const parents = operation.parents.map((it) => cids.get(it))
    for (const parent of parents) {
      if (parent === undefined) throw new MembersError('members.parents', { reason: 'missing' })
      addBits(seen, parent.seen)
    }
    for (const parent of parents) {
      // Parents are not among the ancestors that were added: unless one is another's.
      if (parent !== undefined && hasBit(seen, parent.index))
        throw new MembersError('members.parents', { reason: 'ancestor' })
    }
    for (const parent of parents) if (parent !== undefined) addBit(seen, parent.index)
    checkNumber(operation, seen)
    return { index: nodes.length, cid, bytes, operation, seen }
  }

  function checkNumber({ author, seq }: Operation, seen: Bits): void {
    let last = 0
    for (const own of authors.get(author) ?? []) {
      if (own.operation.seq > last && hasBit(seen, own.index)) last = own.operation.seq
    }
    if (seq !== last + 1) throw new MembersError('members.sequence', { author, seq, expected: last + 1 })
  }

  function push(node: Node): void {
    const { operation, cid } = node
    const { act, author, seq } = operation
    nodes.push(node)
    cids.set(cid, node)
    for (const parent of operation.parents) heads.delete(parent)
    heads.add(cid)
    if (operation.authority !== null) authority.push(node)
    append(authors, author, node)
    const number = `${author} ${seq}`
    append(numbers, number, node)
    const same = numbers.get(number) ?? []
    if (same.length > 1) forks.set(number, same)
    const change = roleChangeOf(operation)
    if (change !== undefined) person(change.person).roles.push(node)
    const enrolled = enrolmentOf(operation)
    if (enrolled !== undefined) {
      append(person(enrolled.person).enrolments, enrolled.device, node)
      const all = indexOf(personsOf, enrolled.device, () => [])
      if (!all.includes(enrolled.person)) all.push(enrolled.person)
    }
    for (const device of namedBy(operation)) append(naming, device, node)
    const link = linkOf(operation)
    if (link !== undefined) {
      const index = indexOf(links, link, () => ({ made: [], joins: [], closings: [] }))
      index[LISTS[operation.letter?.of ?? 'link']].push(node)
    }
    if (act.kind === 'drop')
      for (const { device } of act.body.heads) append(person(act.body.person).drops, device, node)
    if (act.kind === 'freeze') append(freezes, act.body.device, node)
    if (act.kind === 'hide') append(hides, act.body.item, node)
  }

  return {
    space,
    nodes,
    authority,
    get: (cid) => cids.get(cid),
    heads: () => [...heads].sort(),
    person: (name) => persons.get(name),
    persons: () => persons.keys(),
    personsOf: (device) => personsOf.get(device) ?? [],
    devices: () => personsOf.keys(),
    freezes: (device) => freezes.get(device) ?? [],
    link: (key) => links.get(key),
    links: () => links.values(),
    naming: (device) => naming.get(device) ?? [],
    hides: () => hides.entries(),
    by: (author) => authors.get(author) ?? [],
    at: (author, seq) => numbers.get(`${author} ${seq}`) ?? [],
    forks: () => forks.values(),
    place,
    push,
  }
}
