/** Has what V8 compiled of this package kept for later processes, once a call was answered: by then most of it has run. */

/** What the published bundle is given where nothing is kept yet; there is none where the sources are run as they are. */
declare const keepCode: (() => void) | undefined

/** A script that ends before has it done when nothing waits for it. Later, V8 would forget what is not used any more. */
const longScriptMs = 1_000
let isAsked = false

export function keepCodeSoon(): void {
  if (isAsked || typeof keepCode !== 'function') return
  isAsked = true
  const keep = keepCode
  const timer = setTimeout(() => {
    process.off('exit', keep)
    keep()
  }, longScriptMs)
  timer.unref()
  process.once('exit', keep)
}
