import { describe, expect, it } from 'vitest'
import { createLog } from './log.ts'

describe('the log', () => {
  it('is one line of JSON for each event, down to a level', () => {
    const lines: string[] = []
    const log = createLog({ level: 'warn', write: (line) => lines.push(line), now: () => 0 })
    log('info', 'quiet')
    log('warn', 'two', { text: 'a\nb', none: undefined })
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"two","text":"a\\nb"}\n',
    ])
  })
})
