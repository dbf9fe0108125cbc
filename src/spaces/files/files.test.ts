import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { withLevel } from '../../storage/testing/node-host.ts'
import { CHUNK_BYTES, parseSealedFile } from '../sealing/file.ts'
import { createFileChunks } from './chunks.ts'
import { missingChunks, openSealedFile } from './open.ts'
import { chunkIds, sealBlob } from './seal.ts'

const SPACE = 'at://did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169/space/app.cairn.group/3k'
const options = { random: (n: number) => randomBytes(n), check: () => {}, onChunk: () => {} }

describe('files of a space', () => {
  it.each([0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5])('of %i bytes come back as they were', (size) =>
    withLevel(async (storage) => {
      const chunks = await createFileChunks(storage, SPACE)
      const content = randomBytes(size)
      const file = parseSealedFile(await sealBlob(new Blob([content]), chunks, options))
      expect(file.size).toBe(size)
      const opened = await openSealedFile(file, chunks, 'text/plain')
      expect(Buffer.from(await opened.arrayBuffer()).equals(content)).toBe(true)
      expect(await missingChunks(file, chunks)).toEqual([])
    }),
  )

  it('say which chunk is not here, and take only what belongs to an id', () =>
    withLevel(async (storage) => {
      const chunks = await createFileChunks(storage, SPACE)
      const file = parseSealedFile(await sealBlob(new Blob([randomBytes(CHUNK_BYTES + 1)]), chunks, options))
      const [first = '', second = ''] = chunkIds(file)
      const bytes = await chunks.get(second)
      await chunks.drop([second])
      expect(await missingChunks(file, chunks)).toEqual([second])
      await expect(openSealedFile(file, chunks, '')).rejects.toMatchObject({
        code: 'spaces.file-missing',
        fields: { index: 1 },
      })
      await expect(chunks.put(first, new Uint8Array(bytes ?? []))).rejects.toMatchObject({
        code: 'spaces.file-chunk',
      })
      await chunks.put(second, new Uint8Array(bytes ?? []))
      expect((await openSealedFile(file, chunks, '')).size).toBe(CHUNK_BYTES + 1)
    }))

  it('of one space go without those of another', () =>
    withLevel(async (storage) => {
      const [one, other] = await Promise.all([
        createFileChunks(storage, SPACE),
        createFileChunks(storage, `${SPACE}2`),
      ])
      const file = await sealBlob(new Blob(['hello']), one, options)
      const kept = await sealBlob(new Blob(['hello']), other, options)
      await one.dropAll()
      expect(await one.list()).toEqual([])
      expect(await missingChunks(parseSealedFile(file), one)).toHaveLength(1)
      expect(await missingChunks(parseSealedFile(kept), other)).toEqual([])
    }))
})
