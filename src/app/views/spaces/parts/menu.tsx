import { useId, useRef, useState, type ReactNode, type ToggleEvent } from 'react'

interface MenuProps {
  /** what it is about, for those who do not see its place */
  readonly label: string
  readonly icon: ReactNode
  /** buttons; a press on one closes it */
  readonly children: ReactNode
  readonly className?: string
}

/** Room between the button and what it opens, and to the edge of the window. */
const GAP = 6

/**
 * A button that opens a few more. The platform's own popover: Escape and a press elsewhere close it, and it lies over
 * everything. Tab walks its buttons.
 */
export function Menu({ label, icon, children, className = 'icon-btn' }: MenuProps) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  // a long list has many of them: what is shut costs nothing
  const [open, setOpen] = useState(false)
  const place = (event: ToggleEvent<HTMLDivElement>) => {
    const box = button.current?.getBoundingClientRect()
    if (event.newState !== 'open' || box === undefined) return
    const panel = event.currentTarget
    const { offsetWidth: width, offsetHeight: height } = panel
    const isRtl = getComputedStyle(panel).direction === 'rtl'
    const left = isRtl ? box.left : box.right - width
    const below = box.bottom + GAP
    const top = below + height > innerHeight - GAP ? box.top - GAP - height : below
    panel.style.left = `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`
    panel.style.top = `${Math.max(GAP, top)}px`
  }
  return (
    <>
      <button ref={button} type="button" className={className} aria-label={label} popoverTarget={id}>
        {icon}
      </button>
      {/* a press on any of its buttons is done with it; its buttons hear their own */}
      {/* oxlint-disable-next-line jsx-a11y/jsx-a11y/no-static-element-interactions */}
      <div
        id={id}
        popover="auto"
        className="menu"
        onBeforeToggle={(event) => setOpen(event.newState === 'open')}
        onToggle={place}
        // what holds the button may have uses of its own for arrow keys
        onKeyDown={(event) => event.stopPropagation()}
        onClick={(event) => {
          const pressed = event.target instanceof Element ? event.target.closest('button, a') : null
          if (pressed !== null) event.currentTarget.hidePopover()
        }}
      >
        {open && children}
      </div>
    </>
  )
}
