import * as Y from 'yjs'

/**
 * Takes out what stands where no editor puts it, before the binding to the screen sees it and fails: text beside
 * paragraphs, values beside elements. Only hostile records bring such things; what the schema does not know the
 * binding itself takes out.
 *
 * Returns what ends it.
 */
export function guardFragment(doc: Y.Doc, fragment: Y.XmlFragment): () => void {
  const clean = (list: Y.XmlFragment): void => {
    const strays = [...itemsOf(list)].filter((item) => !belongs(item, list === fragment))
    if (strays.length > 0)
      doc.transact((transaction) => {
        for (const item of strays) item.delete(transaction)
      })
  }
  const cleanAll = (list: Y.XmlFragment, depth: number): void => {
    clean(list)
    if (depth === 0) return
    for (const child of list.toArray()) if (child instanceof Y.XmlElement) cleanAll(child, depth - 1)
  }
  const onChange = ({ changed }: Y.Transaction): void => {
    for (const type of changed.keys()) {
      // The types of `changed` have no list type in common.
      const list: unknown = type
      if (list instanceof Y.XmlFragment && list._item?.deleted !== true) clean(list)
    }
  }
  cleanAll(fragment, MAX_DEPTH)
  doc.on('beforeObserverCalls', onChange)
  return () => doc.off('beforeObserverCalls', onChange)
}

/** Deeper than any note that is shown. */
const MAX_DEPTH = 256

function* itemsOf(list: Y.XmlFragment): Generator<Y.Item> {
  for (let item = list._start; item !== null; item = item.right) if (!item.deleted) yield item
}

function belongs({ content }: Y.Item, atRoot: boolean): boolean {
  if (!content.isCountable()) return true
  if (!(content instanceof Y.ContentType)) return false
  return content.type instanceof Y.XmlElement || (content.type instanceof Y.XmlText && !atRoot)
}
