import type { Retention } from '../../cairn/api.ts'

/** Offered counts; a repo that was set to another one keeps it. */
const COUNTS = [1, 3, 5, 10, 30]

interface RetentionFieldProps {
  readonly value: Retention
  readonly disabled?: boolean
  readonly onChange: (value: Retention) => void
}

/** How many snapshots are kept: all, or the newest few. */
export function RetentionField({ value, disabled = false, onChange }: RetentionFieldProps) {
  const current = value.keep === 'all' ? 'all' : String(value.count)
  const counts =
    value.keep === 'last' && !COUNTS.includes(value.count)
      ? [...COUNTS, value.count].sort((a, b) => a - b)
      : COUNTS
  return (
    <label>
      <span className="hidden-text">Snapshots to keep</span>
      <select
        className="select"
        value={current}
        disabled={disabled}
        onChange={(event) =>
          onChange(
            event.target.value === 'all'
              ? { keep: 'all' }
              : { keep: 'last', count: Number(event.target.value) },
          )
        }
      >
        <option value="all">Keep all</option>
        {counts.map((count) => (
          <option key={count} value={count}>
            {count === 1 ? 'Keep only the newest' : `Keep the newest ${count}`}
          </option>
        ))}
      </select>
    </label>
  )
}
