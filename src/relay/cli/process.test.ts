import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { nodeBinary } from '../../../scripts/lib/run.mjs'
import { joinBytes } from '../../repo/testing/car.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import { describeAt } from '../testing/relays.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-process-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** A PLC directory that knows nobody. */
const directoryServer = createServer((_request, response) => response.writeHead(404).end('{}'))
let plc = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => directoryServer.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is an AddressInfo.
  plc = `http://127.0.0.1:${(directoryServer.address() as AddressInfo).port}`
})
afterAll(() => directoryServer.close())

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** The real program in a process of its own. */
function start(...args: string[]) {
  const child = spawn(nodeBinary(), [join(process.cwd(), 'src/relay/cli.ts'), ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CAIRN_DATA: '', CAIRN_TOKEN: '', PORT: '', HOST: '' },
  })
  running.push(child)
  const status = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, status, err: text(child.stderr) }
}

async function end(...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  const { child, status, err } = start(...args)
  const out = text(child.stdout)
  return { status: await status, out: await out, err: await err }
}

const firstLine = (child: ReturnType<typeof start>['child']): Promise<string> =>
  new Promise((resolve) => createInterface(child.stdout).once('line', resolve))

describe('cairn keep and cairn serve', () => {
  const repo = generateRepo({ seed: 'process', records: 200 })
  const car = join(directory, 'repo.car')
  const doc = join(directory, 'did.json')
  writeFileSync(car, joinBytes(repo.car()))
  // Without a PDS nobody is asked for its blobs.
  writeFileSync(doc, JSON.stringify({ ...repo.didDocument, service: [] }))

  it('a repo that was kept by hand is served, and a signal ends the process in order', async () => {
    const kept = await end('keep', car, '--did-doc', doc, '--data', 'one', '--plc', plc, '--allow-local')
    expect(kept.err).toBe('')
    expect(kept.out).toMatch(
      new RegExp(`^kept ${repo.did}, version \\w+: 200 records, [\\d,]+ bytes; 1 repos`),
    )
    expect(kept.status).toBe(0)

    const { child, status, err } = start(
      'serve',
      '--no-app',
      '--port',
      '0',
      '--data',
      'one',
      '--log',
      'debug',
    )
    const url = await firstLine(child)
    expect(url).toMatch(/^http:\/\/localhost:\d+\/$/)
    expect((await describeAt(url)).store).toMatchObject({ repos: 1, admission: 'open' })
    const secret = await fetch(new URL('relay.json?token=very-secret', url))
    expect(secret.status).toBe(200)

    const blocked = await end('keep', car, '--did-doc', doc, '--data', 'one')
    expect([blocked.status, blocked.out]).toEqual([2, ''])
    expect(blocked.err).toContain('A running relay uses')

    child.kill('SIGTERM')
    expect(await status).toBe(0)
    const lines = (await err).trim().split('\n')
    const events = lines.map((line) => String((JSON.parse(line) as { event: unknown }).event))
    expect(events).toContain('relay.started')
    expect(events.at(-1)).toBe('relay.stopped')
    expect(lines.join('\n')).not.toContain('very-secret')
  })

  it('a file that nothing proves is not kept', async () => {
    const { status, out, err } = await end('keep', car, '--data', 'two', '--plc', plc, '--allow-local')
    expect([status, out]).toEqual([1, ''])
    expect(err).toContain('not kept')
  })

  it('says what is wrong in a sentence', async () => {
    const taken = start('serve', '--no-app', '--port', '0', '--data', 'three')
    const { port } = new URL(await firstLine(taken.child))
    const same = await end('serve', '--no-app', '--port', port, '--data', 'four')
    expect([same.status, same.out]).toEqual([2, ''])
    expect(same.err).toContain(`Port ${port} is already in use`)
    const folder = await end('serve', '--no-app', '--port', '0', '--data', 'three')
    expect(folder.err).toContain('Another Cairn uses the data folder')
    const none = await end('keep', 'none.car', '--data', 'five')
    expect([none.status, none.err]).toEqual([2, expect.stringContaining('There is no file none.car')])
  })
})
