import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs'
import type { TaskName, TaskResult, Tasks } from '../pages/protocol.ts'
import { type Hotspot, profilePage } from './profile.ts'
import { watchMemory, type MemoryWatch } from './memory.ts'

export interface Session {
  readonly page: Page
  /** Runs a task in the page's worker. */
  run<N extends TaskName>(name: N, input: Tasks[N]['input']): Promise<TaskResult<N>>
  /** Runs a task with its measured part profiled. */
  profiled<N extends TaskName>(name: N, input: Tasks[N]['input']): Promise<readonly Hotspot[]>
  /** Samples the renderer's memory from now on; undefined where the system does not tell. */
  memory(): Promise<MemoryWatch | undefined>
  close(): Promise<void>
}

/** A profile folder that outlives a browser, so that another can open what the first stored. */
export interface Profile {
  readonly dir: string
  remove(): void
}

export function createProfile(): Profile {
  const dir = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Starts a browser of its own on the profile and opens a page of the bench; what goes wrong there is printed. */
export async function openPage(
  url: string,
  profile: Profile,
): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const executablePath = findChromium()
  if (executablePath === undefined)
    throw new Error('No Chrome or Chromium was found; set CHROMIUM to its path.')
  const context: BrowserContext = await chromium.launchPersistentContext(profile.dir, {
    executablePath,
    args: chromiumArgs,
    headless: true,
  })
  const page = context.pages()[0] ?? (await context.newPage())
  page.on('pageerror', (error) => console.error(`page error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`page: ${message.text()}`)
  })
  await page.goto(url)
  return { context, page }
}

/** Starts a browser of its own on the profile and opens the page of measured tasks. */
export async function openSession(origin: string, profile: Profile): Promise<Session> {
  const { context, page } = await openPage(origin, profile)
  await page.waitForFunction(() => 'bench' in globalThis)
  const run: Session['run'] = async (name, input) => {
    const result = await page.evaluate(([task, argument]) => globalThis.bench.run(task, argument), [
      name,
      input,
    ] as const)
    // the page answers with the result of the task that was asked for
    return result as TaskResult<typeof name>
  }
  return {
    page,
    run,
    async profiled(name, input) {
      let end: (() => Promise<readonly Hotspot[]>) | undefined
      await page.exposeFunction('benchPrepared', async () => {
        end = await profilePage(context, page)
      })
      await run(name, input)
      return (await end?.()) ?? []
    },
    memory: () => watchMemory(context, page),
    close: () => context.close(),
  }
}

/** One session on a fresh profile, cleaned up whatever happens. */
export async function withFreshSession<T>(
  origin: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const profile = createProfile()
  try {
    const session = await openSession(origin, profile)
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  } finally {
    profile.remove()
  }
}
