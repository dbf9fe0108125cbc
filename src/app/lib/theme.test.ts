import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { setTheme, storedTheme, THEMES } from './theme.ts'

const root = join(import.meta.dirname, '../../..')
const script = readFileSync(join(root, 'public/theme.js'), 'utf8')

/** A page as far as a theme needs one. */
function page() {
  const values = new Map<string, string>()
  const dataset: Record<string, string> = {}
  const localStorage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  }
  return { values, globals: { localStorage, document: { documentElement: { dataset } } }, dataset }
}

describe('the theme before the first paint', () => {
  beforeEach(() => vi.unstubAllGlobals())
  afterEach(() => vi.unstubAllGlobals())

  it.each(THEMES)('is the one that was chosen: %s', (theme) => {
    const { globals, dataset } = page()
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
    setTheme(theme)
    expect(storedTheme()).toBe(theme)
    // the next visit
    delete dataset['theme']
    runInNewContext(script, globals)
    expect(dataset['theme']).toBe(theme === 'system' ? undefined : theme)
  })

  it('is the system’s when what is stored makes no sense, or storage is refused', () => {
    const { globals, dataset, values } = page()
    values.set('cairn.theme', 'plaid')
    runInNewContext(script, globals)
    const refused = {
      ...globals,
      localStorage: {
        getItem: () => {
          throw new Error('refused')
        },
      },
    }
    runInNewContext(script, refused)
    expect(dataset).toEqual({})
  })

  it('is set by a script of its own, before the app’s and after the policy', () => {
    const html = readFileSync(join(root, 'index.html'), 'utf8')
    const at = html.indexOf('<script src="/theme.js"></script>')
    expect(at).toBeGreaterThan(html.indexOf('<!--csp-->'))
    expect(html.indexOf('<script type="module"')).toBeGreaterThan(at)
    expect(html.indexOf('<body>')).toBeGreaterThan(at)
  })
})
