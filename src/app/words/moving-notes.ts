import type { ActivityKind } from '../../cairn/api.ts'
import { text, type Fields } from './shape.ts'

type Kind = ActivityKind & `moving.${string}`

const to = (fields: Fields): string => text(fields, 'to', 'another server')

/** What is noted of leaving a server. */
export const movingSentences: Readonly<Record<Kind, (fields: Fields, name: string) => string>> = {
  'moving.key-added': (_, name) => `A recovery key stands before all others in the identity of ${name}.`,
  'moving.begun': (fields, name) =>
    fields['by'] === 'rescue'
      ? `A rescue of ${name} to ${to(fields)} was begun.`
      : `A move of ${name} to ${to(fields)} was begun.`,
  'moving.identity': (fields, name) =>
    fields['step'] === 'claim'
      ? `The identity of ${name} was taken back with the recovery key: ${text(fields, 'from', 'the old server')} can sign nothing for it any more.`
      : `The identity of ${name} says since then that it is at ${to(fields)}.`,
  'moving.failed': (fields, name) => `The move of ${name} to ${to(fields)} stopped. It can go on from there.`,
  'moving.done': (fields, name) => `${name} has arrived at ${to(fields)}.`,
}
