import { flushSync } from 'react-dom'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MOMENT, useLasting, useRested } from './lasting.ts'

let root: Root
const place = (): HTMLElement => {
  document.body.innerHTML = '<div></div>'
  return document.querySelector('div') ?? document.body
}
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  root = createRoot(place())
})
afterEach(() => {
  root.unmount()
  vi.useRealTimers()
  document.body.innerHTML = ''
})

function Shown({ waiting, atFirst }: { readonly waiting: number; readonly atFirst: boolean }) {
  const isHeldUp = useLasting(waiting > 0, atFirst)
  return `${isHeldUp ? 'held up' : 'calm'} ${useRested(waiting, waiting > 0)}`
}
const show = (waiting: number, atFirst = true): string => {
  flushSync(() => root.render(<Shown waiting={waiting} atFirst={atFirst} />))
  return document.querySelector('div')?.textContent ?? ''
}
const pass = (ms: number): string => {
  flushSync(() => vi.advanceTimersByTime(ms))
  return document.querySelector('div')?.textContent ?? ''
}

describe('what lasts', () => {
  it('is told after a moment, and what has passed by then never', () => {
    expect(show(0)).toBe('calm 0')
    expect(show(2)).toBe('calm 0')
    expect(pass(MOMENT - 1)).toBe('calm 0')
    expect(show(0)).toBe('calm 0')
    expect(show(3)).toBe('calm 0')
    expect(pass(MOMENT - 1)).toBe('calm 0')
    expect(pass(1)).toBe('held up 3')
    expect(show(4)).toBe('held up 4')
    expect(show(0)).toBe('calm 0')
  })

  it('is told at once where it was so before, unless it has only just begun', () => {
    expect(show(2)).toBe('held up 2')
    expect(show(0)).toBe('calm 0')
    root.unmount()
    root = createRoot(place())
    expect(show(2, false)).toBe('calm 2')
    expect(pass(MOMENT)).toBe('held up 2')
  })
})
