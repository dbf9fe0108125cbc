import type { RecordDetail } from '../../../cairn/api.ts'
import { Ago, Id } from '../../components/bits.tsx'
import { formatBytes, plural } from '../../lib/format.ts'
import { SIGNATURE_SENTENCE } from '../../lib/signature.ts'

/** The way from the signed commit down to the record, checked when the screen was opened. */
export function ProofCard({ record }: { readonly record: RecordDetail }) {
  const { proof, snapshot } = record
  const proven = proof.valid && proof.signature !== 'unchecked'
  return (
    <section className="card">
      <div className="line">
        <h2>Proof</h2>
        <span className={`push ${!proof.valid ? 'pill bad' : proven ? 'pill' : 'pill behind'}`}>
          {!proof.valid ? 'does not hold' : proven ? 'holds' : 'author unproven'}
        </span>
      </div>
      <p className="small">
        {proof.valid
          ? `Checked just now from stored bytes. ${SIGNATURE_SENTENCE[proof.signature]}`
          : 'The stored bytes no longer add up. Check this repository again under Health.'}
      </p>
      <ol className="proof-path small">
        <li className="proof-step">
          <span>Commit</span>
          <Id value={proof.commit} what="CID of the commit" head={4} tail={5} />
        </li>
        {proof.nodes.map((node) => (
          <li key={node.cid} className="proof-step">
            <span>
              Node{' '}
              <span className="faint">{`layer ${node.layer}, ${plural(node.entries, 'entry', 'entries')}`}</span>
            </span>
            <Id value={node.cid} what="CID of the node" head={4} tail={5} />
          </li>
        ))}
        <li className="proof-step last">
          <span>
            Record <span className="faint">{formatBytes(record.bytes)}</span>
          </span>
          <Id value={record.cid} what="CID of the record" head={4} tail={5} />
        </li>
      </ol>
      <p className="small faint">
        From the snapshot verified <Ago at={snapshot.verifiedAt} />.
      </p>
    </section>
  )
}
