import { useEffect, useState } from 'react'

interface QrCodeProps {
  readonly text: string
  /** what it leads to */
  readonly label: string
}

/** Light around the code that cameras need, in modules. */
const QUIET = 4

/** A QR code, dark on light in every theme: many cameras read no other. Its code is loaded when one is shown. */
export function QrCode({ text, label }: QrCodeProps) {
  const [code, setCode] = useState<{ text: string; size: number; path: string }>()
  useEffect(() => {
    let left = false
    const draw = async () => {
      const { generate } = await import('lean-qr')
      const code = generate(text)
      const { size } = code
      if (left) return
      let path = ''
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++) if (code.get(x, y)) path += `M${x} ${y}h1v1h-1z`
      setCode({ text, size, path })
    }
    // too long for a code, or its script is out of reach: the link stands beside it
    draw().catch(() => setCode(undefined))
    return () => {
      left = true
    }
  }, [text])
  if (code?.text !== text) return null
  const side = code.size + 2 * QUIET
  return (
    <svg
      className="qr"
      viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect x={-QUIET} y={-QUIET} width={side} height={side} className="qr-paper" />
      <path d={code.path} className="qr-ink" />
    </svg>
  )
}
