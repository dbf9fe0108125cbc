import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'

/** Where the shared fixtures lie: beside the project, when this is a workshop that has them. */
function fixturesDir(): string | undefined {
  const dir = join(process.cwd(), '..', 'shared', 'fixtures')
  return existsSync(dir) ? dir : undefined
}

/** A `describe` that runs only where the shared fixtures are, and says so where they are not. */
export function describeWithFixtures(name: string, body: (dir: string) => void): void {
  const dir = fixturesDir()
  if (dir === undefined) {
    console.info(`skipped: ${name} (no ../shared/fixtures beside the project)`)
    describe.skip(name, () => {})
    return
  }
  describe(name, () => body(dir))
}
