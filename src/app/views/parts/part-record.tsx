import { useState } from 'react'
import type { PartialCopy } from '../../../cairn/api.ts'
import { Json } from '../../cards/json.tsx'
import { RecordCard } from '../../cards/record-card.tsx'
import { Ago, Empty, Id, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { ShapeChoice, type Shape } from '../../components/segments.tsx'
import { collectionName, singular } from '../../lib/collections.ts'
import { formatBytes } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { partOwner, partTitle } from '../../lib/partials.ts'
import { aboutRepo } from '../../lib/reads.ts'
import { collectionHref } from '../../lib/routes.ts'
import { SIGNATURE_SENTENCE } from '../../lib/signature.ts'
import '../../styles/record.css'

interface PartRecordProps {
  readonly part: PartialCopy
  readonly path: string
}

/** One record of a collection that is kept without the rest: what it says, and who signed it. */
export function PartRecord({ part, path }: PartRecordProps) {
  const { did, collection } = part
  const [shape, setShape] = useState<Shape>('card')
  const { value: record, error } = useLive(
    `part record ${did} ${path}`,
    async (cairn) => {
      const { items } = await cairn.library.readPartial({ did, collection, path, limit: 1 })
      return items[0] ?? null
    },
    aboutRepo(did),
  )
  const name = collectionName(collection)
  const back = collectionHref(did, collection)
  const rkey = path.slice(collection.length + 1)
  return (
    <>
      <div className="head">
        <div className="grow record-title">
          <Title tab={`${name}: ${rkey} of ${partOwner(part)}`}>{singular(name)}</Title>
          <p className="small">
            <a href={back}>{partTitle(part)}</a> · <bdi className="mono break">{rkey}</bdi>
          </p>
        </div>
        <ShapeChoice value={shape} onChange={setShape} />
      </div>
      {error !== undefined && record === undefined ? (
        <ErrorNote error={error}>
          <a className="btn slim" href={back}>
            Back to {name}
          </a>
        </ErrorNote>
      ) : record === undefined ? (
        <Loading label="Reading and proving the record" />
      ) : record === null ? (
        <div className="card">
          <Empty
            title="No such record in this part"
            action={
              <a className="btn go" href={back}>
                Back to {name}
              </a>
            }
          >
            It may have been deleted since, or be newer than what is kept here.
          </Empty>
        </div>
      ) : (
        <div className="columns">
          <div className="card pad">
            {shape === 'json' ? (
              <Json value={record.value} />
            ) : (
              <RecordCard did={did} collection={collection} value={record.value} />
            )}
          </div>
          <div className="aside">
            <section className="card stack-tight">
              <h2>Proof</h2>
              <p className="small">
                Checked just now from stored bytes. {SIGNATURE_SENTENCE[part.signature]}
              </p>
              <dl className="kv small">
                <dt>Record</dt>
                <dd>
                  <Id value={record.cid} what="CID of the record" head={4} tail={5} />
                </dd>
                <dt>Commit</dt>
                <dd>
                  <Id value={part.commit} what="CID of the commit" head={4} tail={5} />
                </dd>
                <dt>Size</dt>
                <dd>{formatBytes(record.bytes)}</dd>
                <dt>Taken</dt>
                <dd>
                  <Ago at={part.takenAt} />
                </dd>
              </dl>
              <p className="small">Pictures and other files are kept only with the whole repository.</p>
            </section>
          </div>
        </div>
      )}
    </>
  )
}
