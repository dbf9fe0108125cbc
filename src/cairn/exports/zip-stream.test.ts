import { describe, expect, it } from 'vitest'
import { concat } from '../../core/bytes.ts'
import { blobSource } from '../spaces/byte-source.ts'
import { findDirectory, readEntries } from '../spaces/zip-directory.ts'
import { zipStream } from './zip-stream.ts'

const lastModified = new Date(1_790_000_000_000)

async function archiveOf(count: number): Promise<Uint8Array<ArrayBuffer>> {
  function* files() {
    for (let at = 0; at < count; at++)
      yield { name: `blobs/${at}`, input: new Uint8Array([at]), lastModified }
  }
  const pieces: Uint8Array[] = []
  for await (const piece of zipStream(files())) pieces.push(piece)
  return concat(pieces)
}

describe('an archive', () => {
  // What counts to 65,535 says by that number that another one counts.
  it.each([0, 3, 65_534, 65_535])('of %i files counts them all', async (count) => {
    const archive = await archiveOf(count)
    const source = blobSource(new Blob([archive]))
    const { from, to, count: told } = await findDirectory(source)
    expect(told).toBe(count)
    const entries = readEntries(await source.read(from, to), told)
    expect(entries.at(-1)?.name).toBe(count === 0 ? undefined : `blobs/${count - 1}`)
    const locator = new DataView(archive.buffer).getUint32(Math.max(0, archive.length - 42), true)
    expect(locator === 0x07064b50).toBe(count >= 65_535)
  })

  it('ends what writes its files when it is ended', async () => {
    let ended = false
    async function* files() {
      try {
        for (let at = 0; ; at++) yield { name: `${at}`, input: new Uint8Array(10), lastModified }
      } finally {
        ended = true
      }
    }
    for await (const piece of zipStream(files())) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    expect(ended).toBe(true)
  })
})
