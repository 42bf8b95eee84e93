/** Pure: a text as it stands in a YAML manifest. */

import { dump } from 'js-yaml'

/** In quotes where it would be read as something else than a text, as the names of namespaces `123` and `on` would be. */
export function yamlText(text: string): string {
  return dump(text, { lineWidth: -1 }).trimEnd()
}
