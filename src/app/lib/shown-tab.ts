import { useEffect, useRef, type RefObject } from 'react'

/**
 * For a bar of tabs that scrolls: on a phone not all of them fit, and the one that is open must be among those that
 * show. Its tabs say which they are by `data-tab`.
 *
 * @param content what else the bar shows: with another one its tabs are wider, or more
 */
export function useShownTab(current: string, content: string): RefObject<HTMLElement | null> {
  const bar = useRef<HTMLElement>(null)
  useEffect(() => {
    const open = bar.current?.querySelector(`[data-tab="${current}"]`)
    if (!(open instanceof HTMLElement) || bar.current === null) return
    bar.current.scrollLeft = open.offsetLeft - (bar.current.clientWidth - open.offsetWidth) / 2
  }, [current, content])
  return bar
}
