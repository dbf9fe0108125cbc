import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** The messages of the relayed table that this one serves the purpose of, by number. */
const messages =
  'handshake ping pong connect connection connected incoming deny accept destroy listen listening close closed ' +
  'open end data result finished lookup announce unannounce signAnnounce signUnannounce signature noiseSend ' +
  'noiseReceive noiseReply'

it('docs/relayed-dht.md says of each of the 28 messages what serves it, and names a test that exists', () => {
  const rows = readFileSync(join(process.cwd(), 'docs/relayed-dht.md'), 'utf8')
    .split('\n')
    .map((line) => /^\| (\d+) \| (\w+) \| .* \| (.+) \|$/.exec(line))
    .filter((row) => row !== null)
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 28 }, (_, i) => i))
  expect(rows.map(([, , name]) => name)).toEqual(messages.split(' '))

  const tests = ['directory', 'relayed-dht'].flatMap((folder) => {
    const dir = join(process.cwd(), 'src/net', folder)
    return readdirSync(dir)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(dir, name), 'utf8'))
  })
  for (const [, number, , shown = ''] of rows) {
    const titles = [...shown.matchAll(/`([^`]+)`/g)].map(([, title = '']) => title)
    expect(titles.length, `message ${number}`).toBeGreaterThan(0)
    for (const title of titles)
      expect(
        tests.some((text) => text.includes(`it('${title}'`)),
        title,
      ).toBe(true)
  }
})
