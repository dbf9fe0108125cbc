import { describe, expect, it } from 'vitest'
import { createOpenedSpaces, type OpenedSpaces } from './opened.ts'

interface Space {
  readonly row: string
  close(): Promise<void>
}

/** Spaces whose rows are words; `log` has what was opened and closed, in order. */
function withRows(rows: Map<string, string>): { spaces: OpenedSpaces<Space>; log: string[] } {
  const log: string[] = []
  const spaces = createOpenedSpaces<string, Space>({
    rowOf: async (space) => rows.get(space),
    open: async (row) => {
      if (row === 'broken') throw new Error('broken')
      log.push(`open ${row}`)
      return { row, close: async () => void log.push(`close ${row}`) }
    },
    onOpen: (space) => log.push(`joined ${space.row}`),
    onClose: async (space) => void log.push(`left ${space}`),
  })
  return { spaces, log }
}

describe('open spaces', () => {
  it('are opened once, however many ask', async () => {
    const { spaces, log } = withRows(new Map([['a', 'one']]))
    const [first, second] = await Promise.all([spaces.use('a'), spaces.use('a')])
    expect(first).toBe(second)
    expect(log).toEqual(['open one', 'joined one'])
    expect(spaces.find('a')).toBe(first)
    expect(spaces.all()).toEqual([first])
  })

  it('that are not there, or do not open, are tried anew', async () => {
    const rows = new Map([['a', 'broken']])
    const { spaces } = withRows(rows)
    await expect(spaces.use('a')).rejects.toThrow('broken')
    await expect(spaces.use('b')).rejects.toMatchObject({ code: 'spaces.not-here' })
    rows.set('a', 'one').set('b', 'two')
    expect((await spaces.use('a')).row).toBe('one')
    expect((await spaces.use('b')).row).toBe('two')
  })

  it('are as the new row says to whoever asks while it changes', async () => {
    const rows = new Map([['a', 'one']])
    const { spaces, log } = withRows(rows)
    await spaces.use('a')
    const halfway = Promise.withResolvers<void>()
    const change = spaces.whileClosed('a', async () => {
      await halfway.promise
      rows.set('a', 'two')
      return 'done'
    })
    const asked = spaces.use('a')
    expect(spaces.find('a')?.row).not.toBe('two')
    halfway.resolve()
    expect((await asked).row).toBe('two')
    expect(await change).toBe('done')
    expect(log).toEqual(['open one', 'joined one', 'left a', 'close one', 'open two', 'joined two'])
  })

  it('change one after another, even when a change fails', async () => {
    const rows = new Map([['a', 'one']])
    const { spaces } = withRows(rows)
    const halfway = Promise.withResolvers<void>()
    const failing = spaces.whileClosed('a', async () => {
      await halfway.promise
      throw new Error('no room')
    })
    const seen: (string | undefined)[] = []
    const later = spaces.whileClosed('a', async () => {
      seen.push(rows.get('a'))
      rows.set('a', 'three')
    })
    rows.set('a', 'two')
    halfway.resolve()
    await expect(failing).rejects.toThrow('no room')
    await later
    expect(seen).toEqual(['two'])
    expect((await spaces.use('a')).row).toBe('three')
  })

  it('are gone to those who asked while one was forgotten', async () => {
    const rows = new Map([['a', 'one']])
    const { spaces } = withRows(rows)
    await spaces.use('a')
    const forgotten = spaces.whileClosed('a', async () => void rows.delete('a'))
    await expect(spaces.use('a')).rejects.toMatchObject({ code: 'spaces.not-here' })
    await forgotten
    expect(spaces.all()).toEqual([])
  })

  it('are closed with the context', async () => {
    const { spaces, log } = withRows(
      new Map([
        ['a', 'one'],
        ['b', 'two'],
      ]),
    )
    await spaces.use('a')
    await spaces.use('b')
    await spaces.close()
    expect(log.slice(4)).toEqual(['left a', 'close one', 'left b', 'close two'])
    expect(spaces.all()).toEqual([])
  })
})
