/** Splits a stream into lines, each of which is JSON. */

/** An object of the API server is 1.5 MB at most, as etcd takes no larger one. */
const maxLineBytes = 8_388_608

const newline = 0x0a

/** @throws {SyntaxError} when a line is no JSON. @throws {RangeError} when one never ends. */
export async function* jsonLines(body: AsyncIterable<Buffer>): AsyncGenerator<unknown, void, void> {
  let rest: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)])
      rest = []
      size = 0
      start = end + 1
      if (line.length > 0) yield JSON.parse(line.toString()) as unknown
    }
    rest.push(chunk.subarray(start))
    size += chunk.length - start
    if (size > maxLineBytes) throw new RangeError(`A line is over ${maxLineBytes} bytes`)
  }
}
