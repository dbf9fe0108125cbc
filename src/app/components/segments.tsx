interface SegmentsProps<T extends string> {
  /** what is chosen, for those who do not see it */
  readonly label: string
  readonly options: Readonly<Record<T, string>>
  readonly value: T
  readonly onChange: (value: T) => void
  readonly className?: string
}

/** One of a few, all in sight. */
function Segments<T extends string>({ label, options, value, onChange, className }: SegmentsProps<T>) {
  // the keys of a record that was written with these
  const names = Object.keys(options) as T[]
  return (
    <div
      className={className === undefined ? 'segments' : `segments ${className}`}
      role="group"
      aria-label={label}
    >
      {names.map((name) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => onChange(name)}>
          {options[name]}
        </button>
      ))}
    </div>
  )
}

export type Order = 'newest' | 'oldest'

/** In which order records are listed. */
export function OrderChoice(props: Omit<SegmentsProps<Order>, 'label' | 'options'>) {
  return <Segments label="Order" options={{ newest: 'Newest', oldest: 'Oldest' }} {...props} />
}

export type Shape = 'card' | 'json'

/** How a record is shown. */
export function ShapeChoice(props: Omit<SegmentsProps<Shape>, 'label' | 'options'>) {
  return <Segments label="Show as" options={{ card: 'Card', json: 'JSON' }} {...props} />
}
