import { useEffect, useRef, type RefObject } from 'react'

/**
 * For a bar of tabs that scrolls: on a phone not all of them fit, and the one that is open must be among those that
 * show, also when the others grow by a count or there are more of them. Its tabs say which they are by `data-tab`.
 */
export function useShownTab(current: string): RefObject<HTMLElement | null> {
  const bar = useRef<HTMLElement>(null)
  const before = useRef('')
  useEffect(() => {
    const open = bar.current?.querySelector(`[data-tab="${current}"]`)
    if (!(open instanceof HTMLElement) || bar.current === null) return
    // where the person has scrolled it since, it stays
    const now = `${current} ${bar.current.scrollWidth}`
    if (before.current === now) return
    before.current = now
    bar.current.scrollLeft = open.offsetLeft - (bar.current.clientWidth - open.offsetWidth) / 2
  })
  return bar
}
