import { formatNumber, plural } from '../lib/format.ts'
import { number, type Fields } from './shape.ts'

/** What a backup brought, as the end of a sentence; empty when it says nothing of that. */
export const changes = (fields: Fields): string => {
  const parts = [
    [number(fields, 'added'), 'added'],
    [number(fields, 'updated') ?? number(fields, 'changedRecords'), 'changed'],
    [number(fields, 'deleted'), 'deleted upstream'],
  ] as const
  const said = parts
    .filter(([count]) => count !== undefined && count > 0)
    .map(([count, verb]) => `${formatNumber(count ?? 0)} ${verb}`)
  return said.length === 0 ? '' : `: ${said.join(', ')}`
}

export const records = (fields: Fields): string => {
  const count = number(fields, 'records')
  return count === undefined ? '' : `, ${plural(count, 'record')}`
}
