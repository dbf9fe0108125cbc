import { useEffect, useState } from 'react'
import type { RichText as Rich } from '../../../cairn/api.ts'
import { OwnerContext, RichText } from '../../cards/parts.tsx'
import { useEngine } from '../../lib/engine-context.ts'

/** Typing goes on for a while before anyone looks, ms. */
const PAUSE = 300
/** What makes it worth to load what finds them. */
const POINTS = /[@#]|https?:|\w\.\w/

/** A text with its links and tags as they will be; nothing for one that has none. */
export function TextPreview({ did, text }: { readonly did: string; readonly text: string }) {
  const { cairn } = useEngine()
  const [found, setFound] = useState<{ text: string; rich: Rich }>()
  const wanted = POINTS.test(text)
  useEffect(() => {
    if (cairn === undefined || !wanted) return
    let left = false
    const timer = setTimeout(() => {
      cairn.writing.richText(text).then(
        (rich) => {
          if (!left) setFound({ text, rich })
        },
        // it is asked again, and said why not, when the post is kept
        () => {},
      )
    }, PAUSE)
    return () => {
      left = true
      clearTimeout(timer)
    }
  }, [cairn, text, wanted])
  if (!wanted || found === undefined || found.text !== text) return null
  const { facets, mentions } = found.rich
  if (facets.length + mentions.length === 0) return null
  return (
    <OwnerContext value={did}>
      <div className="stack-tight text-preview" aria-label="As it will look" role="group">
        <RichText text={text} facets={facets} />
        {mentions.length > 0 && (
          <p className="small">
            {mentions.map(({ handle }) => `@${handle}`).join(', ')}: looked up when it is sent. A name that
            nobody has stays plain text.
          </p>
        )}
      </div>
    </OwnerContext>
  )
}
