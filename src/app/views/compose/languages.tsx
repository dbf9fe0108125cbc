/** Languages of one post (app.bsky.feed.post). */
const MOST = 3
const KEY = 'cairn.languages'

/** What this browser's person reads, and what they wrote in before, as BCP 47 tags without regions. */
function choices(): readonly string[] {
  const own = navigator.languages.map((tag) => new Intl.Locale(tag).language)
  return [...new Set([...lastLanguages(), ...own, 'en'])]
}

export function lastLanguages(): readonly string[] {
  const kept = localStorage.getItem(KEY)?.split(',') ?? []
  const sound = kept.filter((tag) => /^[a-z]{2,3}$/.test(tag))
  return sound.length > 0 ? sound : [new Intl.Locale(navigator.language).language]
}

export function rememberLanguages(tags: readonly string[]): void {
  localStorage.setItem(KEY, tags.join(','))
}

interface LanguagesProps {
  readonly value: readonly string[]
  readonly onChange: (tags: readonly string[]) => void
}

/** In which languages a post is, so that those who read them find it. */
export function Languages({ value, onChange }: LanguagesProps) {
  const names = new Intl.DisplayNames(undefined, { type: 'language' })
  return (
    <fieldset className="languages">
      <legend className="small">Languages</legend>
      <div className="line">
        {[...new Set([...value, ...choices()])].map((tag) => (
          <label key={tag} className="check small">
            <input
              type="checkbox"
              checked={value.includes(tag)}
              disabled={!value.includes(tag) && value.length >= MOST}
              onChange={(event) =>
                onChange(event.target.checked ? [...value, tag] : value.filter((it) => it !== tag))
              }
            />
            <span>{names.of(tag) ?? tag}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
