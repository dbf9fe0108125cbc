import { expect, it } from 'vitest'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import { createReplica, fresh, type Replica } from './testing/replica.ts'

const WORDS = ['stone', 'öre', '石', '🪨', 'a', ' ', 'mortar and lime', '\n']
const BLOCKS = 4

/** One thing that a person does in an editor. */
function edit(prng: Prng, { editor }: Replica, token: string): void {
  const at = prng.int(BLOCKS)
  const length = editor.block(at).length
  const index = prng.int(length + 1)
  switch (prng.int(6)) {
    case 0:
      // never words in brackets: those must all be there at the end
      erasePlain(editor.block(at), prng)
      break
    case 1:
      editor.block(at).format(index, Math.min(4, length - index), { bold: prng.int(2) === 0 ? {} : null })
      break
    case 2:
      editor.type(at, betweenTokens(editor.block(at).toDelta(), index), prng.pick(WORDS))
      break
    case 3:
      editor.fragment
        .get(Math.min(at, editor.fragment.length - 1))
        .setAttribute('textAlign', prng.pick(['left', 'right']))
      break
    default:
      editor.type(at, betweenTokens(editor.block(at).toDelta(), index), `[${token}]`)
  }
}

type Delta = readonly { readonly insert: unknown }[]
const plain = (delta: Delta): string => delta.map(({ insert }) => String(insert)).join('')

/** The nearest place after `index` that is in no token. */
function betweenTokens(delta: Delta, index: number): number {
  const text = plain(delta)
  const open = text.lastIndexOf('[', index - 1)
  const close = text.indexOf(']', Math.max(open, 0))
  return open >= 0 && close >= index ? close + 1 : index
}

function erasePlain(block: ReturnType<Replica['editor']['block']>, prng: Prng): void {
  const text = plain(block.toDelta() as Delta)
  const free = [...text.matchAll(/[^[\]]+(?=\[|$)/g)].filter(
    (match) => (text[match.index - 1] ?? ']') === ']',
  )
  if (free.length === 0) return
  const run = prng.pick(free)
  // never half of a pair of surrogates
  const isPair = (run[0].codePointAt(0) ?? 0) > 0xffff
  block.delete(run.index, isPair ? 2 : 1)
}

it.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'is the same text everywhere, with nothing lost, whatever came when (history %i)',
  (seed) => {
    const prng = createPrng(seed + 1)
    const replicas = Array.from({ length: 2 + prng.int(3) }, (_, at) =>
      createReplica(`did:key:z${'ABCDE'[at]}`, seed * 10 + at),
    )
    const first = replicas[0] as Replica
    for (let at = 0; at < BLOCKS; at++) first.editor.block(at + 1)
    while (first.editor.fragment.length < BLOCKS) {
      const length = first.editor.fragment.length
      first.editor.fragment.insert(length, [first.editor.fragment.get(0).clone()])
    }
    first.flush()
    for (const replica of replicas.slice(1)) {
      replica.pull(first)
      replica.show()
    }
    const tokens: string[] = []
    for (let step = 0; step < 150; step++) {
      const replica = prng.pick(replicas)
      switch (prng.int(10)) {
        case 0:
          replica.pull(prng.pick(replicas))
          break
        case 1:
          replica.show()
          break
        case 2:
          replica.flush({ settle: prng.int(4) === 0 })
          break
        case 3: {
          const other = prng.pick(replicas)
          for (const event of replica.events.splice(0, prng.int(6))) other.text.hear(replica.device, event)
          break
        }
        default: {
          const token = `${replica.device.slice(-1)}${step}`
          edit(prng, replica, token)
          if (plainOf(replica).includes(`[${token}]`)) tokens.push(`[${token}]`)
        }
      }
    }
    for (const replica of replicas) replica.flush({ settle: prng.int(2) === 0 })
    for (const replica of replicas)
      for (const other of [...replicas].sort(() => prng.int(3) - 1))
        if (other !== replica) replica.pull(other)
    const shown = first.text.markdown()
    for (const text of [
      ...replicas.map((replica) => replica.text),
      fresh(replicas),
      fresh([...replicas].reverse()),
    ]) {
      expect(text.markdown()).toBe(shown)
      expect(text.unplaced()).toEqual([])
    }
    const text = first.text.text()
    expect(tokens.filter((token) => !text.includes(token))).toEqual([])
    expect(tokens.length).toBeGreaterThan(5)
  },
)

/** What the editor itself holds: unlike the note it may lack what has come and was not shown. */
const plainOf = ({ editor }: Replica): string =>
  Array.from({ length: BLOCKS }, (_, at) => plain(editor.block(at).toDelta() as Delta)).join('\n')
