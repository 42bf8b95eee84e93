/** Pure: text of a manifest that reaches a container as it is. */

/**
 * Kubernetes puts variables in for `$(NAME)` in the environment, commands and arguments of containers, and makes `$$` a `$`.
 * Source: k8s.io/kubernetes, third_party/forked/golang/expansion/expand.go.
 */
export function literalValue(text: string): string {
  return text.replaceAll('$', '$$$$')
}
