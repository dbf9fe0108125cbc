import { jsonLine } from '../../cairn/exports/json-line.ts'
import { visit } from '../../repo/mst/read.ts'
import { checkSignature } from './identity.ts'
import { type FileProof, proveFile } from './proof.ts'
import { makeReport, type Report } from './report.ts'

/** Text gathered before it is handed on. */
const CHUNK = 256 * 1024
/** Records found in the tree at a time. */
const BATCH = 1000

/**
 * Hands every record of a file to `write` as lines of JSON in key order, once the whole file is proven. When
 * it is refused nothing is written. Throws `cli.file`, and what `write` throws.
 */
export async function exportFile(file: string, write: (text: string) => Promise<void>): Promise<Report> {
  const proof = proveFile(file)
  try {
    const finding = proof.commit === undefined ? undefined : await checkSignature(proof.commit, undefined)
    const report = makeReport(proof, finding)
    if (report.ok) for await (const text of lines(proof)) await write(text)
    return report
  } finally {
    proof.close()
  }
}

async function* lines(proof: FileProof): AsyncGenerator<string> {
  const did = proof.commit?.commit.did
  if (proof.root === undefined || did === undefined) return
  const source = { load: async (place: Parameters<FileProof['load']>[0]) => proof.load(place) }
  let text = ''
  for (let skip = 0; skip < proof.root.records; skip += BATCH) {
    let left = BATCH
    const found: { path: string; digest: Uint8Array; bytes: Uint8Array }[] = []
    await visit(source, proof.root, { skip, reverse: false }, ({ key, digest, place }) => {
      found.push({ path: key, digest, bytes: proof.record(place, digest) })
      return --left > 0
    })
    for (const record of found) {
      text += `${jsonLine(did, record)}\n`
      if (text.length < CHUNK) continue
      yield text
      text = ''
    }
  }
  yield text
}
