/** A session's prompt with what is typed there, as something that lines are written above. */

import { clearScreenDown, cursorTo, moveCursor } from 'node:readline'
import type { REPLServer } from 'node:repl'
import type { Bottom } from '@dialback/runtime'

/** `show`: what displays the prompt, with what was typed and the cursor where it was. */
export function promptLine(server: REPLServer, output: NodeJS.WritableStream, show: () => void): Bottom {
  return {
    hide() {
      const { rows } = server.getCursorPos()
      cursorTo(output, 0)
      moveCursor(output, 0, -rows)
      clearScreenDown(output)
      // What readline draws next begins here, not as many rows further up as it has drawn before.
      Reflect.set(server, 'prevRows', 0)
    },
    show,
  }
}
