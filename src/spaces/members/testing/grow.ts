import type { Prng } from '../../../repo/testing/prng.ts'
import { type Act, ROLES } from '../model.ts'
import type { SignedOperation } from '../operation.ts'
import { createOperationSet } from '../set.ts'
import { linkOf } from '../subjects.ts'
import { close, join, link } from './letters.ts'
import { acts, createStory, did, headOf, SPACE } from './story.ts'

const PEOPLE = ['owner', 'anna', 'ben', 'wim', 'xia', 'zoe', 'yan', 'attic']
/** Those whom only links let in. */
const NEWCOMERS = ['kim', 'lee', 'mo', 'nia']
export const EVERYBODY = [...PEOPLE, ...NEWCOMERS]
export const AUTHORITIES = ['authority', 'heir', 'niece']

const LINKS = ['gate', 'bell', 'door']

/** Something about links, by this author: acts of links carry who does them. */
function linkAct(prng: Prng, author: string, all: readonly SignedOperation[]): Act {
  const name = prng.pick(LINKS)
  const joins = all.filter(
    ({ operation }) => operation.act.kind === 'join' && linkOf(operation) === did(name),
  )
  const uses = 1 + prng.int(3)
  return prng.pick<() => Act>([
    () => link(author, name, { uses, approval: name === 'bell', role: prng.pick(['reader', 'writer']) }),
    () => join(author, name, prng.int(8)),
    () => join(author, name, prng.int(8)),
    () => close(author, name, joins.filter(() => prng.chance(0.6)).slice(0, 4)),
  ])()
}

function someAct(prng: Prng): Act {
  const [one, two] = [prng.pick(PEOPLE), prng.pick(PEOPLE)]
  const heads = prng.chance(0.5) ? [headOf(two, prng.int(6))] : []
  const role = prng.pick(ROLES)
  const isLow = role === 'none' || role === 'reader'
  return prng.pick<() => Act>([
    () => acts.role(one, role, isLow ? heads : []),
    () => acts.role(one, role, isLow ? heads : []),
    () => acts.change(one, role, isLow ? heads : []),
    () => acts.leave(one, heads),
    () => acts.device(one, two),
    () => acts.drop(one, [headOf(two, prng.int(6))]),
    () => acts.freeze(one, prng.int(6)),
    () => acts.void(one),
    () => acts.cut(one),
    () => acts.successor(prng.pick(AUTHORITIES)),
    () => acts.succeed(),
    () => acts.hide('post', prng.chance(0.6)),
  ])()
}

/** Operations that a set lets in, made by all sorts with and without the power, over parts of what there is. */
export function grow(prng: Prng, tries: number): { all: SignedOperation[]; refused: number } {
  const story = createStory()
  const set = createOperationSet(SPACE)
  const all = [story.does('owner', acts.create(prng.chance(0.5) ? 'heir' : undefined), { by: 'authority' })]
  let refused = 0
  for (const it of all) set.insert(it)
  for (const name of ['anna', 'ben']) {
    const made = story.does('owner', acts.role(name, 'admin'), { by: 'authority', after: all.slice(-1) })
    set.insert(made)
    all.push(made)
  }
  const gate = story.does('anna', link('anna', 'gate', { uses: 1 + prng.int(4) }), { after: all.slice(-1) })
  set.insert(gate)
  all.push(gate)
  for (let n = 0; n < tries; n++) {
    const isAboutLinks = prng.chance(0.4)
    const insiders = ['owner', 'anna', 'ben', 'anna', 'ben']
    const author = prng.pick([...PEOPLE, ...insiders, ...(isAboutLinks ? [...NEWCOMERS, ...NEWCOMERS] : [])])
    const act = isAboutLinks ? linkAct(prng, author, all) : someAct(prng)
    const needs = ['cut', 'successor', 'succeed'].includes(act.kind)
    const isOwn = act.kind === 'leave' || act.kind === 'device'
    const by =
      needs || (!isOwn && act.kind !== 'join' && prng.chance(0.3)) ? prng.pick(AUTHORITIES) : undefined
    const after = prng.chance(0.3)
      ? all.slice(-2)
      : [prng.pick(all), prng.pick(all), prng.pick(all.slice(-3))]
    const links = all.filter((it) => it.operation.act.kind === 'link')
    // Most who come have seen the link by which they do.
    if (act.kind === 'join' && links.length > 0 && prng.chance(0.8)) after.push(prng.pick(links))
    const options = { after: [...new Set(after)], at: n, ...(by === undefined ? {} : { by }) }
    const made = story.does(author, act, options)
    try {
      set.insert(made)
      all.push(made)
    } catch {
      refused++
    }
  }
  return { all, refused }
}
