import { Check, Copy } from 'lucide-react'
import { useEffect, useState, type ReactNode } from 'react'
import { formatAgo, formatFull, shorten } from '../lib/format.ts'
import { useNow } from '../lib/live.ts'
import { Stones } from './stones.tsx'

/** "2 minutes ago", with the exact time in full on hover and for machines. */
export function Ago({ at }: { readonly at: number }) {
  const now = useNow(at)
  return (
    <time dateTime={new Date(at).toISOString()} title={formatFull(at)}>
      {formatAgo(at, now)}
    </time>
  )
}

interface IdProps {
  readonly value: string
  /** what it is, for the button's name: "DID", "CID of the commit" */
  readonly what: string
  readonly href?: string | undefined
  readonly head?: number
  readonly tail?: number
}

/** An identifier, shortened in the middle and copied in full. */
export function Id({ value, what, href, head, tail }: IdProps) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1_600)
    return () => clearTimeout(timer)
  }, [copied])
  const short = shorten(value, head, tail)
  const copy = () => {
    // without permission the full value is still in the title, to be selected by hand
    navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      () => {},
    )
  }
  return (
    <span className="id">
      {href === undefined ? (
        <bdi className="mono clip" title={value}>
          {short}
        </bdi>
      ) : (
        <a className="mono clip" href={href} title={value}>
          <bdi>{short}</bdi>
        </a>
      )}
      <button
        type="button"
        className={copied ? 'icon-btn done' : 'icon-btn'}
        aria-label={copied ? `${what} copied` : `Copy the ${what}`}
        onClick={copy}
      >
        {copied ? <Check size={14} /> : <Copy size={14} />}
      </button>
    </span>
  )
}

/** A screen or a part of it on its way. Still when reduced motion is asked. */
export function Loading({ label = 'Loading' }: { readonly label?: string }) {
  return (
    <div className="loading" role="status">
      <Stones size={56} settling />
      <span className="hidden-text">{label}</span>
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}

/** Nothing here yet: one sentence that teaches the next step, and one button. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className="empty">
      <Stones size={56} stones={['wanted', 'wanted', 'wanted']} />
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  )
}
