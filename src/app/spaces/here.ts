import { createContext, use } from 'react'
import type { SpaceDetail, SpacePerson } from '../../cairn/api.ts'
import { shorten } from '../lib/format.ts'

/** The space whose screens these are, and what its person may do here. */
export interface Here {
  readonly space: string
  readonly detail: SpaceDetail
  /** may write: a member with the role for it */
  readonly canWrite: boolean
  readonly isAdmin: boolean
  readonly personOf: (person: string) => SpacePerson | undefined
  readonly nameOf: (person: string) => string
}

export const HereContext = createContext<Here | undefined>(undefined)

export function useHere(): Here {
  const here = use(HereContext)
  if (here === undefined) throw new Error('no space around this part of the screen')
  return here
}

export function hereOf(detail: SpaceDetail): Here {
  const persons = new Map(detail.persons.map((person) => [person.person, person]))
  const former = new Map(detail.former.map(({ person, name }) => [person, name]))
  const isMember = detail.state === 'member'
  return {
    space: detail.space,
    detail,
    canWrite: isMember && (detail.role === 'writer' || detail.role === 'admin'),
    isAdmin: isMember && detail.role === 'admin',
    personOf: (person) => persons.get(person),
    nameOf: (person) => {
      const known = persons.get(person)
      if (known !== undefined) return personName(known)
      return former.get(person) ?? `Someone who left (${shorten(person, 4, 4)})`
    },
  }
}

/** As they call themselves, else the end of their key: nobody is called nothing. */
export function personName({ name, person }: Pick<SpacePerson, 'name' | 'person'>): string {
  const shown = name.trim()
  return shown === '' ? `Member …${person.slice(-6)}` : shown
}
