import { formatNumber } from '../lib/format.ts'

interface PagerProps {
  readonly page: number
  readonly pages: number
  readonly onPage: (page: number) => void
  readonly what: string
}

/** Back and forth through pages; nothing when there is only one. */
export function Pager({ page, pages, onPage, what }: PagerProps) {
  if (pages <= 1) return null
  return (
    <nav className="line pager" aria-label={`Pages of ${what}`}>
      <button type="button" className="btn slim" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Back
      </button>
      <span className="small num">
        Page {formatNumber(page + 1)} of {formatNumber(pages)}
      </span>
      <button
        type="button"
        className="btn slim"
        disabled={page + 1 >= pages}
        onClick={() => onPage(page + 1)}
      >
        Next
      </button>
    </nav>
  )
}
