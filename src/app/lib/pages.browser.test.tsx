import { createRoot } from 'react-dom/client'
import { afterEach, describe, expect, it } from 'vitest'
import { createStory } from '../testing/story-cairn.ts'
import { EngineContext } from './engine-context.ts'
import { type Paged, usePages } from './pages.ts'

afterEach(() => void (document.body.innerHTML = ''))

describe('pages of a list', () => {
  it('are not shown where their rows no longer stand, after the list has grown', async () => {
    const story = createStory()
    const rows = Array.from({ length: 500 }, (_, at) => `row ${at}`)
    let paged: Paged<string> | undefined
    function List() {
      paged = usePages(
        'rows',
        async (_cairn, offset, limit) => ({ total: rows.length, items: rows.slice(offset, offset + limit) }),
        (event) => event.type === 'repos',
      )
      return null
    }
    const root = createRoot(document.body.appendChild(document.createElement('div')))
    root.render(
      <EngineContext value={{ cairn: story.cairn }}>
        <List />
      </EngineContext>,
    )
    for (let at = 0; at < rows.length; at += 50) {
      await expect.poll(() => paged?.total).toBe(500)
      paged?.want(at)
      await expect.poll(() => paged?.at(at)).toBe(`row ${at}`)
    }
    rows.unshift('a new one')
    story.emit({ type: 'repos' })
    await expect.poll(() => paged?.total).toBe(501)
    // either it is read anew when it is shown, or it is right
    for (const at of [0, 50, 100, 499]) expect([undefined, rows[at]]).toContain(paged?.at(at))
    paged?.want(100)
    await expect.poll(() => paged?.at(100)).toBe('row 99')
    root.unmount()
  })
})
