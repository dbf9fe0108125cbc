import { Component, useEffect, useRef, type ReactNode } from 'react'
import { titleTakesFocus } from '../lib/navigate.ts'
import { toCairnError } from '../lib/to-cairn-error.ts'
import { ErrorNote } from './error-note.tsx'

interface TitleProps {
  readonly children: string
  /** what the tab says when it is more than the heading */
  readonly tab?: string
  readonly level?: 1 | 2
}

/**
 * The heading of a screen. It names the browser's tab, and takes the focus when the screen was reached
 * by a link, so that a screen reader and the keyboard start there; unless the person has moved on meanwhile.
 */
export function Title({ children, tab, level = 1 }: TitleProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const Tag = level === 1 ? 'h1' : 'h2'
  useEffect(() => {
    const before = document.title
    document.title = `${tab ?? children} · Cairn`
    // a heading within a screen gives the screen's own name back when it leaves
    if (level === 2) return () => void (document.title = before)
    return undefined
  }, [children, tab, level])
  useEffect(() => {
    if (titleTakesFocus()) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <Tag ref={heading} tabIndex={-1}>
      <bdi>{children}</bdi>
    </Tag>
  )
}

interface BoundaryProps {
  readonly children: ReactNode
  /** shown instead when something inside fails; the screen around it goes on */
  readonly fallback?: ReactNode
  /** another value means other content: try again */
  readonly on?: string
}

/** A fault in what it holds stays in it: one strange record never takes a screen down. */
export class Boundary extends Component<BoundaryProps, { failed: unknown }> {
  override state: { failed: unknown } = { failed: undefined }

  static getDerivedStateFromError(failed: unknown) {
    return { failed: failed ?? true }
  }

  override componentDidUpdate(before: BoundaryProps) {
    if (before.on !== this.props.on && this.state.failed !== undefined) this.setState({ failed: undefined })
  }

  override render() {
    if (this.state.failed === undefined) return this.props.children
    if (this.props.fallback !== undefined) return this.props.fallback
    return (
      <ErrorNote error={toCairnError(this.state.failed)}>
        <button type="button" className="btn" onClick={() => location.reload()}>
          Reload
        </button>
      </ErrorNote>
    )
  }
}
