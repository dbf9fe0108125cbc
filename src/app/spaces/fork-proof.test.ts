import { describe, expect, it } from 'vitest'
import { forkProofFile, forkProofOf } from './fork-proof.ts'

const fields = {
  ...{ device: 'did:key:zDnaeFork', space: 'at://did:key:zDnaeSpace/space/app.cairn.group/main' },
  ...{ rev: '3m7qaxkd2k4s', held: 'bafyone', other: 'bafytwo', name: 'Ben', title: 'Orchard' },
}
const bytes = { heldCommit: new Uint8Array([1, 2]), otherCommit: new Uint8Array([3, 255]) }

describe('the proof of a fork', () => {
  it('is saved with both commits, as they were signed', async () => {
    const proof = forkProofOf({ kind: 'space.forked', fields: { ...fields, ...bytes } }) ?? expect.fail()
    expect(JSON.parse(await forkProofFile(proof).text())).toMatchObject({
      ...{
        type: 'cairn-fork-proof',
        version: 1,
        device: fields.device,
        space: fields.space,
        rev: fields.rev,
      },
      commits: [
        { cid: 'bafyone', hex: '0102' },
        { cid: 'bafytwo', hex: '03ff' },
      ],
    })
  })

  it('is none where a commit is missing, and of no other entry', () => {
    expect(forkProofOf({ kind: 'space.forked', fields })).toBeUndefined()
    const { heldCommit } = bytes
    expect(forkProofOf({ kind: 'space.forked', fields: { ...fields, heldCommit } })).toBeUndefined()
    expect(forkProofOf({ kind: 'space.fault', fields: { ...fields, ...bytes } })).toBeUndefined()
  })
})
