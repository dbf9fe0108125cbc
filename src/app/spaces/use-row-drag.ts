import { useEffect, useRef, useState, type PointerEvent, type RefObject } from 'react'

/** So close to the edge of the window the page scrolls along, pixels; and so far each time. */
const EDGE = 72
const STEP = 14

export interface RowDrag {
  /** index of the row that is held */
  readonly from: number | undefined
  /** index of the row under the finger: where it goes when it is let go */
  readonly to: number | undefined
  /** for the handle of a row */
  readonly begin: (event: PointerEvent<HTMLElement>, index: number) => void
}

/**
 * Rows of a list that are moved with a finger, a pen or a mouse, by a handle with `touch-action: none`. Escape lets go
 * without moving anything.
 */
export function useRowDrag(
  list: RefObject<HTMLElement | null>,
  onDrop: (from: number, to: number) => void,
): RowDrag {
  const [held, setHeld] = useState<{ readonly from: number; readonly to: number }>()
  const over = useRef<() => void>(undefined)
  useEffect(() => () => over.current?.(), [])

  const rowAt = (y: number): number => {
    const rows = [...(list.current?.children ?? [])]
    const found = rows.findIndex((row) => row.getBoundingClientRect().bottom > y)
    return found < 0 ? rows.length - 1 : found
  }
  const begin = (event: PointerEvent<HTMLElement>, from: number) => {
    if (event.button !== 0 || over.current !== undefined) return
    const handle = event.currentTarget
    const { pointerId } = event
    let y = event.clientY
    let to = from
    let frame = 0
    const look = () => {
      to = rowAt(y)
      setHeld({ from, to })
    }
    const scroll = () => {
      const by = y < EDGE ? -STEP : y > innerHeight - EDGE ? STEP : 0
      if (by !== 0) {
        scrollBy(0, by)
        look()
      }
      frame = requestAnimationFrame(scroll)
    }
    const onMove = (moved: globalThis.PointerEvent) => {
      if (moved.pointerId !== pointerId) return
      y = moved.clientY
      look()
    }
    const end = () => {
      cancelAnimationFrame(frame)
      handle.removeEventListener('pointermove', onMove)
      handle.removeEventListener('pointerup', drop)
      handle.removeEventListener('pointercancel', end)
      removeEventListener('keydown', onKey)
      over.current = undefined
      setHeld(undefined)
    }
    const drop = () => {
      end()
      if (to !== from) onDrop(from, to)
    }
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') end()
    }
    handle.setPointerCapture(pointerId)
    handle.addEventListener('pointermove', onMove)
    handle.addEventListener('pointerup', drop)
    handle.addEventListener('pointercancel', end)
    addEventListener('keydown', onKey)
    over.current = end
    frame = requestAnimationFrame(scroll)
    setHeld({ from, to })
  }
  return { from: held?.from, to: held?.to, begin }
}
