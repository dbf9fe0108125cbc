import { useState, type ReactNode } from 'react'
import { Id } from '../components/bits.tsx'
import { atUriHref, repoHref } from '../lib/routes.ts'
import { WebLink } from './parts.tsx'

/** Shown of a list or object before "more", and added by each "more". */
const STEP = 60
/** The same in a row of a list, where a record is only to be recognised. */
const COMPACT_STEP = 8
/** Shown of a long text before "more". */
const TEXT_STEP = 600
/** Open from the start down to here, unless the value is large. */
const OPEN_DEPTH = 3
/** What opens by itself together; beyond it every branch waits to be opened. */
const OPEN_BUDGET = 250

interface JsonProps {
  readonly value: unknown
  /** for a row of a list: its first fields, closed */
  readonly compact?: boolean
}

/**
 * Any value, as a tree that opens on demand: however deep or long a record is, only what was opened is
 * drawn. Links to records, accounts, content and the web are links.
 */
export function Json({ value, compact = false }: JsonProps) {
  return (
    <div className="json" dir="ltr">
      <Node
        value={value}
        name={undefined}
        open={compact || weigh(value, OPEN_BUDGET) <= 0 ? 1 : OPEN_DEPTH}
        step={compact ? COMPACT_STEP : STEP}
      />
    </div>
  )
}

/** What is left of `budget` after counting the values inside, giving up early. */
function weigh(value: unknown, budget: number, depth = 0): number {
  if (typeof value !== 'object' || value === null || budget <= 0 || depth > OPEN_DEPTH) return budget - 1
  let left = budget - 1
  for (const inner of Object.values(value)) {
    left = weigh(inner, left, depth + 1)
    if (left <= 0) break
  }
  return left
}

interface NodeProps {
  readonly value: unknown
  readonly name: string | undefined
  /** levels that are open from the start */
  readonly open: number
  /** entries of it shown before "more" */
  readonly step?: number
}

function Node({ value, name, open, step = STEP }: NodeProps) {
  const label = name === undefined ? null : <span className="json-key">{name}: </span>
  if (typeof value !== 'object' || value === null) {
    return (
      <div className="json-line">
        {label}
        <Leaf value={value} />
      </div>
    )
  }
  const link = linkOf(value)
  if (link !== undefined) {
    return (
      <div className="json-line">
        {label}
        <Id value={link} what="CID" head={10} tail={8} />
      </div>
    )
  }
  return <Branch value={value} label={label} open={open} step={step} />
}

interface BranchProps {
  readonly value: object
  readonly label: ReactNode
  readonly open: number
  readonly step: number
}

function Branch({ value, label, open, step }: BranchProps) {
  const [isOpen, setOpen] = useState(open > 0)
  const [shown, setShown] = useState(step)
  const isArray = Array.isArray(value)
  const keys = Object.keys(value)
  const size = keys.length === 1 ? '1 entry' : `${keys.length} entries`
  if (keys.length === 0) {
    return (
      <div className="json-line">
        {label}
        {isArray ? '[ ]' : '{ }'}
      </div>
    )
  }
  return (
    <div className="json-branch">
      <button type="button" className="json-toggle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span className="json-arrow" aria-hidden="true" />
        {label}
        <span className="faint">{isArray ? `[ ${size} ]` : isOpen ? '{' : `{ ${size} }`}</span>
      </button>
      {isOpen && (
        <div className="json-inner">
          {keys.slice(0, shown).map((key) => (
            <Node
              key={key}
              name={isArray ? undefined : key}
              value={Reflect.get(value, key)}
              open={open - 1}
            />
          ))}
          {keys.length > shown && (
            <button type="button" className="btn slim" onClick={() => setShown(shown + STEP)}>
              {keys.length - shown} more
            </button>
          )}
        </div>
      )}
    </div>
  )
}

function Leaf({ value }: { readonly value: unknown }) {
  const [shown, setShown] = useState(TEXT_STEP)
  if (typeof value !== 'string') return <span className="json-atom">{String(value)}</span>
  const href = value.length > 2_048 ? undefined : value.startsWith('did:') ? didHref(value) : atUriHref(value)
  if (href !== undefined) return <a href={href}>{value}</a>
  if (/^https?:\/\//.test(value) && value.length <= 2_048) return <WebLink href={value}>{value}</WebLink>
  return (
    <span className="json-text" dir="auto">
      {`“${value.slice(0, shown)}${value.length > shown ? '…' : ''}”`}
      {value.length > shown && (
        <button type="button" className="btn slim" onClick={() => setShown(shown * 4)}>
          {value.length - shown} more characters
        </button>
      )}
    </span>
  )
}

function didHref(value: string): string | undefined {
  return /^did:[a-z]+:[\w.:%-]+$/.test(value) ? repoHref(value) : undefined
}

function linkOf(value: object): string | undefined {
  const link: unknown = Reflect.get(value, '$link')
  return typeof link === 'string' && Object.keys(value).length === 1 ? link : undefined
}
