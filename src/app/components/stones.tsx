/** How one copy of a repo stands: current, behind, or wanted but not there. */
export type Stone = 'current' | 'behind' | 'wanted'

/** From the ground up. Not quite centred: a cairn is built by hand. */
const SHAPES = [
  { x: 5, y: 29.6, width: 30 },
  { x: 8.7, y: 22.2, width: 25 },
  { x: 9, y: 14.8, width: 20 },
  { x: 13.3, y: 7.4, width: 15 },
  { x: 15.6, y: 0.4, width: 10 },
] as const

interface StonesProps {
  readonly stones?: readonly Stone[]
  readonly size?: number
  /** what the picture says in words; without it the words stand beside it */
  readonly label?: string
  /** still being put together */
  readonly settling?: boolean
}

const MARK: readonly Stone[] = ['current', 'current', 'current', 'current']

/** The cairn: one stone for each copy, ground up. Without `stones` it is the mark of the product. */
export function Stones({ stones = MARK, size = 34, label, settling = false }: StonesProps) {
  // as high as its stones: one alone stands in the middle of its line, not at the foot of four
  const top = SHAPES[Math.max(0, stones.length - 1)]?.y ?? 0
  const height = 38 - top
  return (
    <svg
      className={settling ? 'stones settling' : 'stones'}
      width={size}
      height={Math.round((size * height) / 40)}
      viewBox={`0 ${top - 1} 40 ${height}`}
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {SHAPES.slice(0, stones.length).map((shape, index) => (
        <rect key={shape.y} {...shape} height="6.1" rx="3" className={stones[index]} />
      ))}
    </svg>
  )
}
