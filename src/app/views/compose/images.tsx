import { X } from 'lucide-react'
import { useId } from 'react'
import type { Images } from './use-images.ts'

/** The chosen images, each with the words for those who do not see it. */
export function ChosenImages({ images }: { readonly images: Images }) {
  const id = useId()
  if (images.list.length === 0) return null
  return (
    <ul className="chosen-images" aria-label="Images of this post">
      {images.list.map(({ name, url, alt, blob }, index) => (
        <li key={blob.ref.$link}>
          <img src={url} alt="" />
          <div className="field">
            <label htmlFor={`${id}${index}`}>
              What image {index + 1} shows <span className="hidden-text">({name})</span>
            </label>
            <textarea
              id={`${id}${index}`}
              className="input"
              rows={2}
              value={alt}
              dir="auto"
              placeholder="For those who do not see it"
              onChange={(event) => images.setAlt(index, event.target.value)}
            />
          </div>
          <button
            type="button"
            className="icon-btn"
            aria-label={`Leave out ${name}`}
            onClick={() => images.remove(index)}
          >
            <X size={16} />
          </button>
        </li>
      ))}
    </ul>
  )
}
