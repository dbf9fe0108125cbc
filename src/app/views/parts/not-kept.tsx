import { Empty, Id } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { usePartials } from '../../lib/partials.ts'
import '../../styles/parts.css'
import { KeepPartButton } from './keep-part-button.tsx'
import { PartList } from './part-list.tsx'

interface NotKeptProps {
  readonly did: string
  /** the one that was asked for by its address */
  readonly collection?: string | undefined
}

/** The page of a repo that is not on this device, or only in parts: how to keep it, or some of it. */
export function NotKept({ did, collection }: NotKeptProps) {
  const { value: parts } = usePartials()
  const action = useAction()
  const inParts = (parts ?? []).some((part) => part.did === did)
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title>{inParts ? 'Kept in parts' : 'Not kept here'}</Title>
          <Id value={did} what="DID" />
        </div>
      </div>
      <div className="card">
        <Empty
          title={inParts ? 'Only a part of this repository is here' : 'This repository is not on this device'}
          action={
            <div className="line center">
              <button
                type="button"
                className="btn go"
                disabled={action.running}
                onClick={() => void action.run((cairn) => cairn.library.backup(did))}
              >
                Back it up
              </button>
              <KeepPartButton from={did} collection={collection} />
            </div>
          }
        >
          Public repositories can be kept by anyone. Back it up to read all of it here, with or without a
          network; or keep only a collection of it.
        </Empty>
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
      {parts !== undefined && <PartList parts={parts} did={did} />}
    </>
  )
}
