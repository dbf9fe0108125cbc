import { checkSignature, readIdentity } from './identity.ts'
import { proveFile } from './proof.ts'
import { makeReport, type Report } from './report.ts'

/** Proves a file, and checks its signature when there is an identity to check it with. Throws `cli.file`. */
export async function inspectFile(
  file: string,
  didDoc: string | undefined,
  plcLog: string | undefined,
): Promise<Report> {
  const identity = didDoc === undefined ? undefined : readIdentity(didDoc, plcLog)
  const proof = proveFile(file)
  try {
    const finding = proof.commit === undefined ? undefined : await checkSignature(proof.commit, identity)
    return makeReport(proof, finding)
  } finally {
    proof.close()
  }
}
