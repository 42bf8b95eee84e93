/** Ends a local worker with its manager: the pipe that is its standard input closes when the manager's process is gone. */

/** Calls `ended` once when standard input ends, however the other side went away. */
export function watchStandardInput(ended: () => void): void {
  process.stdin.once('end', ended)
  process.stdin.once('error', ended)
  process.stdin.once('close', ended)
  process.stdin.resume()
}
