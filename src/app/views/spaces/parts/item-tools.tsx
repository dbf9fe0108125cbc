import type { Action } from '../../../lib/engine-context.ts'
import { pinId } from '../../../../spaces/content/ids.ts'
import { useHere } from '../../../spaces/here.ts'

interface ItemToolsProps {
  /** `{kind}/{id}` */
  readonly item: string
  readonly hidden: boolean
  readonly run: Action['run']
}

/** Buttons of a menu that every item has: pin it, and for admins hide it. */
export function ItemTools({ item, hidden, run }: ItemToolsProps) {
  const { space, detail, canWrite, isAdmin } = useHere()
  const isPinned = detail.pins.includes(item)
  return (
    <>
      {canWrite && (
        <button
          type="button"
          onClick={() =>
            void run((cairn) =>
              cairn.spaces.edit(space, [
                { kind: 'pin', id: pinId(item), set: { target: item, on: !isPinned } },
              ]),
            )
          }
        >
          {isPinned ? 'Unpin' : 'Pin'}
        </button>
      )}
      {isAdmin && (
        <button type="button" onClick={() => void run((cairn) => cairn.spaces.hide(space, item, !hidden))}>
          {hidden ? 'Show to everyone again' : 'Hide from everyone'}
        </button>
      )}
    </>
  )
}
