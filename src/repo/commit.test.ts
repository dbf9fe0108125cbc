import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyRange, equalBytes } from '../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR, CODEC_RAW } from '../core/cid.ts'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { formatTid } from '../core/tid.ts'
import { createCarReader } from './car/reader.ts'
import { encodeDagCbor } from './cbor/encode.ts'
import { encodeCommit, MAX_COMMIT_BYTES, parseCommit } from './commit.ts'
import type { Commit, CommitFields } from './commit.ts'
import { RepoError } from './errors.ts'
import { multikeyToDidKey, verifySignature } from './signature.ts'

const data = new Uint8Array(32).fill(5)
const sig = new Uint8Array(64).fill(6)
const fields: CommitFields = { did: 'did:plc:abc', version: 3, rev: '3jzfcijpj2z2a', data, prev: null }

/** The code for a commit with the good fields in JSON form, changed as given. */
function codeFor(change: Record<string, unknown>): string {
  const value: Record<string, unknown> = {
    did: 'did:plc:abc',
    version: 3,
    rev: '3jzfcijpj2z2a',
    data: { $link: cidString(CODEC_DAG_CBOR, data) },
    prev: null,
    sig,
    ...change,
  }
  const kept = Object.entries(value).filter(([, item]) => item !== undefined)
  return codeOf(encodeDagCbor(Object.fromEntries(kept)))
}

function codeOf(bytes: Uint8Array): string {
  try {
    parseCommit(bytes)
    return 'ok'
  } catch (error) {
    if (error instanceof RepoError) return error.code
    throw error
  }
}

describe('parseCommit', () => {
  it('reads what was encoded, and finds the bytes that were signed', () => {
    const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const prev = fc.option(digest.map((hash) => cidString(CODEC_DAG_CBOR, hash)))
    fc.assert(
      fc.property(
        fc.constantFrom<2 | 3>(2, 3),
        fc.maxSafeNat().map((micros) => formatTid(micros, 3)),
        digest,
        prev,
        fc.uint8Array({ maxLength: 80 }),
        (version, rev, root, before, signature) => {
          const made: CommitFields = { did: 'did:web:a.test', version, rev, data: root, prev: before }
          const commit = parseCommit(encodeCommit(made, signature))
          const unsigned = new Uint8Array(commit.unsigned)
          expect({ ...commit, unsigned }).toEqual({ ...made, sig: signature, unsigned: encodeCommit(made) })
        },
      ),
    )
  })

  it('does not keep the bytes that it was given', () => {
    const bytes = Buffer.from(encodeCommit(fields, sig))
    const commit = parseCommit(bytes)
    bytes.fill(0)
    expect(equalBytes(commit.data, data) && equalBytes(commit.sig, sig)).toBe(true)
    expect(equalBytes(commit.unsigned, encodeCommit(fields))).toBe(true)
  })

  it.each([
    ['ok', {}],
    ['ok', { prev: undefined }],
    ['ok', { version: 2, rev: undefined }],
    ['ok', { version: 2, rev: null }],
    ['repo.commit-version', { version: 1 }],
    ['repo.commit-version', { version: 4 }],
    ['repo.commit-version', { version: 300 }],
    ['repo.commit-malformed', { version: undefined }],
    ['repo.commit-malformed', { version: '3' }],
    ['repo.commit-malformed', { version: -4 }],
    ['repo.commit-malformed', { did: undefined }],
    ['repo.commit-malformed', { did: 'alice.test' }],
    ['repo.commit-malformed', { did: 7 }],
    ['repo.commit-malformed', { rev: undefined }],
    ['repo.commit-malformed', { rev: null }],
    ['repo.commit-malformed', { rev: 7 }],
    ['repo.rev-malformed', { rev: '3jzfcijpj2z2' }],
    ['repo.rev-malformed', { version: 2, rev: 'zzzzzzzzzzzzz' }],
    ['repo.commit-malformed', { data: undefined }],
    ['repo.commit-malformed', { data: null }],
    ['repo.commit-malformed', { data: { $link: cidString(CODEC_RAW, data) } }],
    ['repo.commit-malformed', { prev: '' }],
    ['repo.commit-malformed', { prev: { $link: cidString(CODEC_RAW, data) } }],
    ['repo.commit-malformed', { sig: undefined }],
    ['repo.commit-malformed', { sig: 'AAAA' }],
    ['repo.commit-malformed', { sig: new Uint8Array(257) }],
    ['repo.commit-malformed', { extra: 1 }],
    ['repo.commit-malformed', { did: `did:web:${'a'.repeat(MAX_COMMIT_BYTES)}` }],
  ])('%s with %j', (expected, change) => {
    expect(codeFor(change)).toBe(expected)
  })

  it('gives typed errors or another commit for every truncation and change of a byte', () => {
    const good = encodeCommit(fields, sig)
    const codes = new Set<string>()
    for (let at = 0; at < good.length; at++) {
      expect(codeOf(good.subarray(0, at))).toBe('repo.commit-malformed')
      for (let value = 0; value < 256; value++) {
        const bytes = good.slice()
        bytes[at] = value
        codes.add(codeOf(bytes))
      }
    }
    expect([...codes].toSorted()).toEqual([
      'ok',
      'repo.commit-malformed',
      'repo.commit-version',
      'repo.rev-malformed',
    ])
  })
})

describeWithFixtures('commit vectors', (dir) => {
  const cars = join(dir, 'cars')

  /** The commit that a file's first root names. */
  function commitOf(name: string): Commit | undefined {
    let root: Uint8Array | undefined
    let commit: Commit | undefined
    const reader = createCarReader({
      header: ({ roots }) => (root = roots[0]?.digest),
      block: (_codec, buffer, digestOffset, dataOffset, dataEnd) => {
        if (root !== undefined && equalBytes(root, buffer.subarray(digestOffset, digestOffset + 32))) {
          commit = parseCommit(copyRange(buffer, dataOffset, dataEnd))
        }
      },
    })
    reader.push(new Uint8Array(readFileSync(join(cars, name))))
    reader.end()
    return commit
  }

  it.each([
    ['bnewbold.robocracy.org.20250310.car', 3, 'did:plc:nhxcyu4ewwhl5pqil4dotqjo', true],
    ['rsky-valid_repo.car', 3, 'did:plc:r7fdhqmw3h2cifeakw5hmvy6', true],
    ['indigo-greenground.2023-09.repo.car', 3, 'did:plc:kzcqyc3unb33eh5sxzsfs25z', true],
    ['indigo-greenground.2023-04.repo.car', 2, 'did:plc:wqgdnqlv2mwiio6pfchwtrff', false],
    ['indigo-bafyreieovfui.car', 2, 'did:plc:z5vnbioquyhivxirw3bbljmu', false],
  ])('%s: version %d of %s', (name, version, did, hasRev) => {
    const commit = commitOf(name)
    expect([commit?.version, commit?.did, commit?.rev !== undefined]).toEqual([version, did, hasRev])
    expect(commit?.sig.length).toBe(64)
  })

  it('verifies a real server’s commit by the key of its identity document', async () => {
    // As the file has it.
    const doc = JSON.parse(readFileSync(join(cars, 'testpds-alice-plc.json'), 'utf8')) as {
      id: string
      verificationMethod: [{ type: string; publicKeyMultibase: string }]
    }
    const key = multikeyToDidKey(doc.verificationMethod[0]) ?? ''
    for (const name of ['full', 'since', 'record-proof']) {
      const commit = commitOf(`testpds-alice-${name}.car`)
      if (commit === undefined) throw new Error('no commit')
      expect(commit.did).toBe(doc.id)
      expect(await verifySignature(key, commit.sig, commit.unsigned)).toBe('valid')
      const tampered = commit.unsigned.slice()
      tampered[20] = (tampered[20] ?? 0) ^ 1
      expect(await verifySignature(key, commit.sig, tampered)).toBe('invalid')
    }
  })
})
