/** What loads modules by their URL. In the agent's bundle, to which V8 gives no `import()`, it is what the bundle is given. */

/** As `import()`. The attributes are written out, because bundlers only know those that are. */
export async function importModule(
  url: string,
  options?: ImportCallOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const isJson = options?.with?.type === 'json'
  const loaded: unknown = isJson ? await import(url, { with: { type: 'json' } }) : await import(url)
  // What `import()` gives is a namespace.
  return loaded as Readonly<Record<string, unknown>>
}
