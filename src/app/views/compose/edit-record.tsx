import { useState } from 'react'
import type { Cairn, Draft } from '../../../cairn/api.ts'
import { Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { ShapeChoice, type Shape } from '../../components/segments.tsx'
import { hasCode } from '../../../core/errors.ts'
import { useLive } from '../../lib/live.ts'
import { recordHref } from '../../lib/routes.ts'
import { PROFILE_PATH } from './hrefs.ts'
import { JsonEditor } from './json-editor.tsx'
import { ProfileEditor } from './profile-editor.tsx'

interface Editable {
  readonly value: unknown
  /** CID in the verified head; undefined: a draft's own, or nothing yet */
  readonly base: string | undefined
}

/** What is edited: the draft of it, or the record. A profile that is not there yet is begun empty. */
async function readEditable(cairn: Cairn, did: string, path: string): Promise<Editable> {
  const draft = await cairn.writing.draft(did, path)
  if (draft !== undefined && draft.value !== undefined) return { value: draft.value, base: undefined }
  try {
    const { value, cid } = await cairn.library.record(did, path)
    return { value, base: draft === undefined ? cid : undefined }
  } catch (error) {
    if (path !== PROFILE_PATH || !hasCode(error, 'sync.no-such-record')) throw error
    return { value: {}, base: undefined }
  }
}

let looks = 0

interface EditRecordProps {
  readonly did: string
  readonly path: string
  readonly onDone: (draft: Draft | undefined) => void
}

/** Changes one record: a profile by its form, anything as JSON. */
export function EditRecord({ did, path, onDone }: EditRecordProps) {
  const isProfile = path === PROFILE_PATH
  const [shape, setShape] = useState<Shape>(isProfile ? 'card' : 'json')
  // Read once, and by nobody before: what is being typed over must not change under the hands, and what an earlier
  // look has left would be saved over what the record has become since.
  const [look] = useState(() => ++looks)
  const { value, error } = useLive(`edit ${look} ${did} ${path}`, (cairn) => readEditable(cairn, did, path))
  const editor = value && { did, value: value.value, base: value.base, onDone }
  return (
    <section className="stack" aria-labelledby="edit-record">
      <div className="line">
        <h2 id="edit-record">{isProfile ? 'Your profile' : 'Edit a record'}</h2>
        <a className="small mono clip" href={recordHref(did, path)}>
          <bdi>{path}</bdi>
        </a>
        {isProfile && (
          <div className="push">
            <ShapeChoice value={shape} onChange={setShape} />
          </div>
        )}
      </div>
      {error !== undefined && editor === undefined ? (
        <ErrorNote error={error} />
      ) : editor === undefined ? (
        <Loading label="Opening the record" />
      ) : shape === 'card' ? (
        <ProfileEditor key={`${path} card`} {...editor} />
      ) : (
        <JsonEditor key={`${path} json`} {...editor} path={path} />
      )}
    </section>
  )
}
